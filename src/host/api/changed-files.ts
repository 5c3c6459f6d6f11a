/** What differs between two contents of a folder, for a person to read. */
import type { FacultyReview } from '../../protocol/faculties.ts';
import type { ContentFile } from '../engine/acceptance/folder-content.ts';
import { bounded, differenceOf } from '../engine/tools/unified-diff.ts';

type Change = FacultyReview['changes'][number];

/** Longest text that is compared, and most of all of them together: more would hold the host up. */
const LONGEST_TEXT = 256 * 1024;
const MOST_TEXT = 2 * 1024 * 1024;
/** Of all differences together, in characters. */
const MOST_DIFF = 1024 * 1024;

/** Without anything before, the files alone: whoever accepts them reads them whole. */
export function changedFiles(before: readonly ContentFile[] | undefined, now: readonly ContentFile[]): Change[] {
  const [old, present] = [byName(before ?? []), byName(now)];
  const names = [...new Set([...old.keys(), ...present.keys()])].sort();
  const room = { text: MOST_TEXT, diff: before ? MOST_DIFF : 0 };
  return names.flatMap((file): Change[] => {
    const [was, is] = [old.get(file), present.get(file)];
    if (was && is && was.bytes.equals(is.bytes) && was.isExecutable === is.isExecutable) return [];
    const kind = !was ? 'added' : is ? 'changed' : 'removed';
    return [{ file, kind, diff: room.diff > 0 ? diffOf(was, is, room) : '' }];
  });
}

const byName = (files: readonly ContentFile[]) => new Map(files.map((file) => [file.name, file]));

function diffOf(
  was: ContentFile | undefined,
  is: ContentFile | undefined,
  room: { text: number; diff: number },
): string {
  const [before, after] = [textOf(was), textOf(is)];
  if (before === undefined || after === undefined) return '[not a text, or too long to be compared]\n';
  room.text -= before.length + after.length;
  if (room.text < 0) return '[too much to be compared]\n';
  const modes = was && is && was.isExecutable !== is.isExecutable ? modeLine(is) : '';
  const diff = modes + bounded(differenceOf(before, after).diff, room.diff);
  room.diff -= diff.length;
  return diff;
}

const modeLine = ({ isExecutable }: ContentFile) => `[${isExecutable ? 'now a program' : 'no program any more'}]\n`;

/** Undefined for what is no text, or too long. */
function textOf(file: ContentFile | undefined): string | undefined {
  if (!file) return '';
  if (file.bytes.length > LONGEST_TEXT || file.bytes.includes(0)) return undefined;
  return file.bytes.toString('utf8');
}
