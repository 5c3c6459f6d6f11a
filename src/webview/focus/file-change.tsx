/** What a call did to its file. The difference comes when somebody looks at it, and is bounded until all of it is wanted. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { FileChangeView } from '../../protocol/changes.ts';
import type { CallChangeView, ToolCallView } from '../../protocol/focus.ts';
import { formatTime, plural } from '../shared/duration.ts';
import { IconButton } from '../shared/icon-button.tsx';
import { visibleLine, visibleText } from '../shared/visible-text.ts';
import { ChangeCounts } from './change-counts.tsx';
import { type DiffLine, diffLines } from './diff-lines.ts';
import type { FocusStore } from './store.ts';

const MOST_LINES = 24;
/** A cut that hides next to nothing costs a press and gains none. */
const SLACK_LINES = 4;

export function FileChange({ call, store }: { call: ToolCallView; store: FocusStore }) {
  const known = store.changes.value.get(call.id);
  const { change: counts } = call;
  useEffect(() => {
    if (counts) store.loadChange(call.id);
  }, [store, call.id, counts, known]);
  if (!counts) return null;
  if (!known) return <p class="call-line dim">Reading the difference …</p>;
  if (!known.change) return <p class="call-line dim">{visibleText(known.problem ?? 'There is no difference.')}</p>;
  return <Difference change={known.change} counts={counts} store={store} />;
}

type Props = { change: FileChangeView; counts: CallChangeView; store: FocusStore };

function Difference({ change, counts, store }: Props) {
  const [isWhole, setIsWhole] = useState(false);
  const lines = useMemo(() => diffLines(change.diff), [change.diff]);
  const isLong = lines.length > MOST_LINES + SLACK_LINES;
  const shown = isLong && !isWhole ? lines.slice(0, MOST_LINES) : lines;
  const name = visibleLine(change.path);
  const isUndoable = counts.applied && change.undoable && change.undone_at === null;
  return (
    <figure class="diff" aria-label={`Difference of ${name}`}>
      <div class="diff-head">
        <span class="mono cut">{name}</span>
        <span class="meta cut grow">{stateOf(change, counts)}</span>
        <ChangeCounts change={{ ...counts, undone_at: change.undone_at }} />
        {counts.applied && (
          <IconButton
            icon="git-compare"
            label="Open in the Diff Editor"
            onPress={() => store.post({ type: 'open_change', call_id: change.id })}
          />
        )}
        {isUndoable && (
          <IconButton
            icon="discard"
            label="Undo This Change…"
            onPress={() => store.post({ type: 'undo_change', call_id: change.id })}
          />
        )}
      </div>
      <div class="diff-lines">
        {shown.map((line, at) => (
          <Line key={at} line={line} />
        ))}
      </div>
      {isLong && (
        <button type="button" class="text-button" aria-expanded={isWhole} onClick={() => setIsWhole(!isWhole)}>
          {isWhole ? 'Show Less' : `Show All (${plural(lines.length, 'line')})`}
        </button>
      )}
    </figure>
  );
}

function stateOf({ undone_at, kind, undoable }: FileChangeView, { applied }: CallChangeView): string {
  if (undone_at !== null) return `undone at ${formatTime(undone_at)}`;
  if (!applied) return 'planned, and not known to be done';
  const facts = [kind === 'created' ? 'new file' : '', undoable ? '' : 'cannot be undone'];
  return facts.filter(Boolean).join(' · ');
}

const SIGNS = { added: '+', removed: '\u2212', same: '', gap: '', note: '' } as const;
const WORDS = { added: 'added: ', removed: 'removed: ', same: '', gap: '', note: '' } as const;

function Line({ line }: { line: DiffLine }) {
  if (line.kind === 'gap') {
    return (
      <div class="diff-line gap" title={line.text}>
        <span class="hidden">{line.text}</span>
      </div>
    );
  }
  return (
    <div class={`diff-line ${line.kind}`}>
      <span class="diff-number" aria-hidden="true">
        {line.old}
      </span>
      <span class="diff-number" aria-hidden="true">
        {line.new}
      </span>
      <span class="diff-sign" aria-hidden="true">
        {SIGNS[line.kind]}
      </span>
      <span class="diff-text">
        {WORDS[line.kind] !== '' && <span class="hidden">{WORDS[line.kind]}</span>}
        <Words line={line} />
      </span>
    </div>
  );
}

function Words({ line: { text, changed } }: { line: DiffLine }) {
  if (!changed || changed.from >= changed.to) return <>{visibleText(text)}</>;
  return (
    <>
      {visibleText(text.slice(0, changed.from))}
      <span class="diff-changed">{visibleText(text.slice(changed.from, changed.to))}</span>
      {visibleText(text.slice(changed.to))}
    </>
  );
}
