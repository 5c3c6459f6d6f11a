/** A tool call in a line, which unfolds to what went in and what came out. */
import type { ToolCallView } from '../../protocol/focus.ts';
import { formatDuration, formatElapsed, plural } from '../shared/duration.ts';
import { Icon } from '../shared/icon.tsx';
import { PlainText } from '../shared/plain-text.tsx';
import { visibleLine, visibleText } from '../shared/visible-text.ts';
import { toggleIn } from './navigation.ts';
import type { FocusStore } from './store.ts';
import { argumentSummary, argumentsOf, callSign, toolIcon } from './tools.ts';

type Props = { call: ToolCallView; store: FocusStore };

export function ToolCall({ call, store }: Props) {
  const isOpen = store.unfoldedCalls.value.has(call.id);
  const { icon, hue, word } = callSign(call);
  const isPlainEnd = call.state === 'done' || call.state === 'error';
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
        <span class="meta">{isPlainEnd ? resultNote(call) : word}</span>
        <span class="meta duration">
          <CallTime call={call} store={store} />
        </span>
      </button>
      {isOpen && <CallBody call={call} />}
    </div>
  );
}

function CallTime({ call, store }: Props) {
  if (call.duration_ms !== null) return <>{formatDuration(call.duration_ms)}</>;
  if (call.started_at === null || !store.isRunning.value) return null;
  return <>{formatElapsed(store.now.value - Date.parse(call.started_at))}</>;
}

function resultNote({ result }: ToolCallView): string {
  if (!result || result.content === '') return '';
  const lines = result.content.trimEnd().split('\n').length;
  return lines > 1 ? plural(lines, 'line') : '';
}

function CallBody({ call }: { call: ToolCallView }) {
  const inputs = argumentsOf(call.input);
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
      <CallResult call={call} />
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
