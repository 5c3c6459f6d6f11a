/** A tool call in a line, which unfolds to what went in and what came out. */
import type { ToolCallView } from '../../protocol/focus.ts';
import { formatDuration, formatElapsed, plural } from '../shared/duration.ts';
import { Icon } from '../shared/icon.tsx';
import { PlainText } from '../shared/plain-text.tsx';
import { visibleLine, visibleText } from '../shared/visible-text.ts';
import { ApprovalLine } from './approval-line.tsx';
import { approvalWord } from './approvals.ts';
import { ChangeCounts } from './change-counts.tsx';
import { FileChange } from './file-change.tsx';
import { HookRuns } from './hook-runs.tsx';
import { blockerOf, type HookGroup, nameOfHook } from './hooks.ts';
import { toggleIn } from './navigation.ts';
import type { FocusStore } from './store.ts';
import { argumentSummary, argumentsOf, callSign, toolIcon, withoutStrings } from './tools.ts';

type Props = { call: ToolCallView; store: FocusStore };
type WithHooks = Props & { hooks: readonly HookGroup[] };

export function ToolCall({ call, hooks, store }: WithHooks) {
  const isOpen = store.unfoldedCalls.value.has(call.id);
  const { icon, hue, word } = callSign(call);
  return (
    <div class="call">
      <button
        type="button"
        class="call-head"
        aria-expanded={isOpen}
        onClick={() => toggleIn(store.unfoldedCalls, call.id)}
      >
        <span class="twistie">
          <Icon name={isOpen ? 'chevron-down' : 'chevron-right'} />
        </span>
        <Icon name={icon} hue={hue} spins={hue === 'running'} />
        <span class="hidden">{word}</span>
        <Icon name={toolIcon(call)} size={14} />
        <span class="mono">{visibleLine(call.name)}</span>
        <span class="cut grow dim">{argumentSummary(call.input)}</span>
        <ChangeCounts change={call.change} />
        <span class="meta cut">{endNote(call, word, hooks)}</span>
        <span class="meta duration">
          <CallTime call={call} store={store} />
        </span>
      </button>
      {isOpen && <CallBody call={call} hooks={hooks} store={store} />}
    </div>
  );
}

function CallTime({ call, store }: Props) {
  if (call.duration_ms !== null) return <>{formatDuration(call.duration_ms)}</>;
  if (call.started_at === null || !store.isRunning.value) return null;
  return <>{formatElapsed(store.now.value - Date.parse(call.started_at))}</>;
}

/** How it ended, and who had a part in that. */
function endNote(call: ToolCallView, word: string, hooks: readonly HookGroup[]): string {
  if (call.state !== 'done' && call.state !== 'error') {
    const blocker = blockerOf(
      call,
      hooks.flatMap(({ runs }) => runs),
    );
    return blocker ? `blocked by the hook ${nameOfHook(blocker)}` : word;
  }
  const approval = call.approval?.state === 'allowed' ? approvalWord(call.approval) : null;
  return [call.change ? '' : resultNote(call), approval ?? ''].filter(Boolean).join(' · ');
}

function resultNote({ result }: ToolCallView): string {
  if (!result || result.content === '') return '';
  const lines = result.content.trimEnd().split('\n').length;
  return lines > 1 ? plural(lines, 'line') : '';
}

function CallBody({ call, hooks, store }: WithHooks) {
  // A difference says more than the texts that it was made of, where it can be told.
  const isTold = call.change && store.changes.value.get(call.id)?.change !== null;
  const inputs = argumentsOf(isTold ? withoutStrings(call.input) : call.input);
  const short = inputs.filter(({ isLong }) => !isLong);
  return (
    <div class="call-body">
      {short.length > 0 && (
        <div class="call-line">
          <Icon name="arrow-left" hue="idle" size={14} />
          <span class="dim">Input</span>
          <span class="mono">{short.map(({ name, value }) => `${name}: ${visibleText(value)}`).join(', ')}</span>
        </div>
      )}
      {inputs
        .filter(({ isLong }) => isLong)
        .map(({ name, value }) => (
          <div key={name}>
            <div class="call-line">
              <Icon name="arrow-left" hue="idle" size={14} />
              <span class="dim">{name === '' ? 'Input' : `Input ${name}`}</span>
            </div>
            <PlainText text={value} />
          </div>
        ))}
      <FileChange call={call} store={store} />
      <ApprovalLine call={call} store={store} />
      <CallResult call={call} />
      <HookRuns groups={hooks} />
    </div>
  );
}

function CallResult({ call: { result } }: { call: ToolCallView }) {
  if (!result) return <div class="call-line dim">No result yet</div>;
  const isShort = result.content.length <= 160 && !result.content.includes('\n');
  return (
    <>
      <div class="call-line">
        <Icon name="arrow-right" hue={result.is_error ? 'dead' : 'idle'} size={14} />
        <span class="dim">{result.is_error ? 'Error' : 'Result'}</span>
        {isShort && <span class="mono">{visibleText(result.content) || 'nothing'}</span>}
      </div>
      {!isShort && <PlainText text={result.content} />}
    </>
  );
}
