/** What the model sees in the place of a block that left its context. The block's turns follow, greyed. */
import { formatTokens, plural } from '../shared/duration.ts';
import { Icon } from '../shared/icon.tsx';
import { PlainText } from '../shared/plain-text.tsx';
import { nameOfBlock, type StepBlock } from './steps.ts';

/** `tokens` is an estimate; null where there is none. */
export function StubArticle({ block, number, tokens }: { block: StepBlock; number: number; tokens: number | null }) {
  const size = tokens === null ? '' : `, ≈ ${formatTokens(tokens)} tokens`;
  return (
    <>
      <div class="turn-head">
        <Icon name="milestone" hue="step" />
        <b>{`Stub of ${nameOfBlock(block, number).toLowerCase()}`}</b>
        <span class="meta left-count">
          <Icon name="eye" size={14} /> what the model sees
        </span>
        <span class="grow" />
        <span class="meta cut">{`in place of ${plural(block.left, 'message')}${size}, greyed below`}</span>
      </div>
      <div class="turn-text">
        <PlainText text={block.stub ?? ''} />
      </div>
    </>
  );
}
