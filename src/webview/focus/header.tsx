/** The line at the top: how it stands first, then what it is and what it has taken so far. */
import { formatElapsed } from '../shared/duration.ts';
import { Icon } from '../shared/icon.tsx';
import { visibleLine } from '../shared/visible-text.ts';
import { focusSign, type Sign } from '../shared/vocabulary.ts';
import { nameOfWork } from '../shared/work-name.ts';
import { ApprovalNotice } from './approval-notice.tsx';
import { Meters } from './meters.tsx';
import { QuestionNotice } from './question-notice.tsx';
import type { FocusStore } from './store.ts';

const SCRIPT_NOTICE = 'A script, not a model, gives these answers.';
const HOOKS_NOTICE = 'Hooks ran very often here: some of their earlier runs are not shown.';

const ASKS: Sign = { icon: 'bell-dot', hue: 'you', word: 'Waiting for your approval' };

export function Header({ store }: { store: FocusStore }) {
  const focus = store.focus.value;
  const item = store.item.value;
  if (!focus || !item) return null;
  const { icon, hue, word } = store.asking.value.length > 0 ? ASKS : focusSign(focus);
  const about = [
    visibleLine(focus.faculty),
    `focus ${focus.attempt}`,
    `#${focus.short_id}`,
    visibleLine(focus.model ?? ''),
  ];
  return (
    <>
      <header class="focus-header">
        <div class="focus-title">
          <Icon name={icon} hue={hue} spins={icon === 'loading'} />
          <b class="cut">{nameOfWork(item)}</b>
          <span class={`focus-state cut hue-${hue}`} aria-live="polite">
            {stateText(word, store)}
          </span>
          {store.isRunning.value && <Elapsed store={store} />}
          <span class="meta cut about">{about.filter(Boolean).join(' · ')}</span>
        </div>
        <Meters store={store} />
      </header>
      <QuestionNotice store={store} />
      <ApprovalNotice store={store} />
      {focus.scripted && <Notice text={SCRIPT_NOTICE} />}
      {store.lacksHookRuns.value && <Notice text={HOOKS_NOTICE} />}
    </>
  );
}

function Notice({ text }: { text: string }) {
  return (
    <p class="notice" role="note">
      <Icon name="info" size={14} />
      {text}
    </p>
  );
}

function stateText(word: string, { item, focus, isRunning, asking }: FocusStore): string {
  if (isRunning.value && asking.value.length === 0) return `${word}, ${phaseWord(focus.value?.phase)}`;
  const wait = asking.value.length > 0 ? null : item.value?.wait;
  if (focus.value?.status === 'parked' && wait) return `Waiting for ${visibleLine(wait.kind)}`;
  return word;
}

/** Apart from the state: a reader that announced each second would say nothing else. */
function Elapsed({ store: { focus, now } }: { store: FocusStore }) {
  return <span class="meta">{formatElapsed(now.value - Date.parse(focus.value?.started_at ?? ''))}</span>;
}

function phaseWord(phase: string | undefined): string {
  return phase === 'engage' ? 'at work' : (phase ?? '');
}
