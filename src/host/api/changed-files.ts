/** What differs between two contents of a folder, for a person to read. */
import { setImmediate } from 'node:timers/promises';
import type { FacultyReview } from '../../protocol/faculties.ts';
import type { ContentFile } from '../engine/acceptance/folder-content.ts';
import { bounded, differenceOf } from '../engine/tools/unified-diff.ts';

type Change = FacultyReview['changes'][number];

/** Longest text that is compared, and most of all of them together. */
const LONGEST_TEXT = 256 * 1024;
const MOST_TEXT = 2 * 1024 * 1024;
/** Changed lines of one text. With more of them whoever accepts it reads it whole. */
const MOST_EDITS = 400;
const MOST_COMPARED = 100;
/** Of all differences together, in characters. */
const MOST_DIFF = 1024 * 1024;

type Room = { texts: number; characters: number; diff: number };

/** Without anything before, the files alone: whoever accepts them reads them whole. The host goes on between two texts. */
export async function changedFiles(
  before: readonly ContentFile[] | undefined,
  now: readonly ContentFile[],
): Promise<Change[]> {
  const [old, present] = [byName(before ?? []), byName(now)];
  const room: Room = { texts: MOST_COMPARED, characters: MOST_TEXT, diff: MOST_DIFF };
  const changes: Change[] = [];
  for (const file of [...new Set([...old.keys(), ...present.keys()])].sort()) {
    const [was, is] = [old.get(file), present.get(file)];
    if (was && is && was.bytes.equals(is.bytes) && was.isExecutable === is.isExecutable) continue;
    const kind = !was ? 'added' : is ? 'changed' : 'removed';
    changes.push({ file, kind, diff: before ? diffOf(was, is, room) : '' });
    await setImmediate();
  }
  return changes;
}

const byName = (files: readonly ContentFile[]) => new Map(files.map((file) => [file.name, file]));

function diffOf(was: ContentFile | undefined, is: ContentFile | undefined, room: Room): string {
  const [before, after] = [textOf(was), textOf(is)];
  if (before === undefined || after === undefined) return '[not a text, or too long to be compared]\n';
  room.texts -= 1;
  room.characters -= before.length + after.length;
  if (room.texts < 0 || room.characters < 0 || room.diff <= 0) return '[too much to be compared]\n';
  const modes = was && is && was.isExecutable !== is.isExecutable ? modeLine(is) : '';
  const lines =
    was && is ? differenceOf(before, after, MOST_EDITS).diff : `${linesWith('-', before)}${linesWith('+', after)}`;
  const diff = modes + bounded(lines, room.diff);
  room.diff -= diff.length;
  return diff;
}

/** Of a file that is whole on one side: nothing is to be compared. */
function linesWith(sign: string, text: string): string {
  return text.replaceAll(/^.*\n?/gm, (line) => (line === '' ? '' : `${sign}${line}`));
}

const modeLine = ({ isExecutable }: ContentFile) => `[${isExecutable ? 'now a program' : 'no program any more'}]\n`;

/** Undefined for what is no text, or too long. */
function textOf(file: ContentFile | undefined): string | undefined {
  if (!file) return '';
  if (file.bytes.length > LONGEST_TEXT || file.bytes.includes(0)) return undefined;
  return file.bytes.toString('utf8');
}
