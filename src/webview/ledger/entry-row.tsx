/** An entry in a line, or in two where the view is narrow: content first there, since the end is cut. */

import { formatTime } from '../shared/duration.ts';
import { Icon } from '../shared/icon.tsx';
import { ENTRY_ICONS } from '../shared/vocabulary.ts';
import { excerptOf } from './excerpt.ts';
import { filesOf } from './references.ts';
import type { EntryRow, Gutter } from './rows.ts';
import { blockNote, writerOf } from './wording.ts';

type Props = { row: EntryRow; words: readonly string[]; onFold(): void };

export function WideEntry({ row, words, onFold }: Props) {
  const { entry } = row;
  const note = blockNote(row);
  const files = filesOf(entry.data).length;
  return (
    <>
      <GutterCell gutter={row.gutter} onFold={onFold} />
      <span class="meta time">{formatTime(entry.created_at)}</span>
      <Icon name={ENTRY_ICONS[entry.entry_type]} hue={entry.entry_type} />
      <span class={`word hue-${entry.entry_type}`}>{entry.entry_type}</span>
      <span class="writer cut">{writerOf(entry)}</span>
      <Excerpt content={entry.content} words={words} />
      {note && <span class="meta">{note}</span>}
      {files > 0 && (
        <span class="meta references">
          <Icon name="link" size={12} />
          {files}
        </span>
      )}
      <span class="meta number-of">#{entry.seq}</span>
    </>
  );
}

export function NarrowEntry({ row, words, onFold }: Props) {
  const { entry } = row;
  const facts = blockNote(row) ?? `${writerOf(entry)} · ${formatTime(entry.created_at)}`;
  return (
    <>
      <GutterCell gutter={row.gutter} onFold={onFold} />
      <Icon name={ENTRY_ICONS[entry.entry_type]} hue={entry.entry_type} />
      <div class="lines">
        <Excerpt content={entry.content} words={words} />
        <div class="facts">
          <span class={`word hue-${entry.entry_type}`}>{entry.entry_type}</span>
          <span class="cut">{facts}</span>
          <span class="number-of">#{entry.seq}</span>
        </div>
      </div>
    </>
  );
}

function Excerpt({ content, words }: { content: string; words: readonly string[] }) {
  return (
    <span class="excerpt cut">
      {excerptOf(content, words).map(({ text, isMatch }, at) => (isMatch ? <mark key={at}>{text}</mark> : text))}
    </span>
  );
}

/** The bracket of the block; a step that closes one carries its fold control. */
export function GutterCell({ gutter, onFold }: { gutter: Gutter; onFold?: () => void }) {
  const folds = gutter === 'end' || gutter === 'shut';
  return (
    <span class={`gutter ${gutter}`}>
      {folds && (
        <button
          type="button"
          tabIndex={-1}
          aria-label={gutter === 'end' ? 'Fold this block' : 'Unfold this block'}
          onClick={(event) => {
            event.stopPropagation();
            onFold?.();
          }}
        >
          <Icon name={gutter === 'end' ? 'chevron-down' : 'chevron-right'} size={14} />
        </button>
      )}
    </span>
  );
}
