/** An unfolded entry: all of its text, what it refers to, and where to go from here. */
import { Icon } from '../shared/icon.tsx';
import { openMessage } from '../shared/opening.ts';
import { PlainText } from '../shared/plain-text.tsx';
import { RichText } from '../shared/rich-text.tsx';
import { visibleLine } from '../shared/visible-text.ts';
import { GutterCell } from './entry-row.tsx';
import { type FileReference, filesOf, otherData } from './references.ts';
import type { DetailRow } from './rows.ts';
import type { LedgerStore } from './store.ts';

type Props = { row: DetailRow; store: LedgerStore };

export function EntryDetail({ row, store }: Props) {
  const { entry, gutter } = row;
  const { focus_id: focusId } = entry;
  const files = filesOf(entry.data);
  const data = otherData(entry.data);
  return (
    <>
      <GutterCell gutter={gutter} />
      <div class={files.length > 0 ? 'detail with-references' : 'detail'}>
        <div class="detail-text">
          <RichText text={entry.content} onOpen={store.post} />
          {data && <PlainText text={JSON.stringify(data, null, 2)} />}
          <div class="detail-actions">
            {focusId && (
              <button
                type="button"
                class="text-button"
                onClick={() => store.post({ type: 'open_focus', focus_id: focusId })}
              >
                Open Focus
              </button>
            )}
            {store.filters.value.workItemId === null && (
              <button
                type="button"
                class="text-button"
                onClick={() => store.setFilters({ workItemId: entry.work_item_id })}
              >
                Show This Work Item Only
              </button>
            )}
          </div>
        </div>
        {files.length > 0 && (
          <div class="detail-references">
            <div class="small-head">Refers to</div>
            {files.map((file) => (
              <FileRow key={file.label} file={file} store={store} />
            ))}
          </div>
        )}
      </div>
    </>
  );
}

function FileRow({ file: { label, target }, store }: { file: FileReference; store: LedgerStore }) {
  const text = visibleLine(label);
  return (
    <div class="reference">
      <Icon name="go-to-file" size={14} />
      {target ? (
        <button type="button" class="text-button cut" title={text} onClick={() => store.post(openMessage(target))}>
          {text}
        </button>
      ) : (
        <span class="cut">{text}</span>
      )}
    </div>
  );
}
