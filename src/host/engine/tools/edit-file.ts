/** edit_file: one piece of text of a file replaced by another. */
import * as z from 'zod';
import { defineTool } from '../engage/tool.ts';
import {
  carryOut,
  type FileChange,
  type NewText,
  planChange,
  previewChange,
  settleChange,
  tooLarge,
} from './change-file.ts';
import { LARGEST_WRITTEN } from './current-file.ts';
import { lineAt, lineOfLoose, placesOf } from './find-text.ts';
import { count, quotePath } from './tool-text.ts';

const LONGEST_PIECE = 200_000;
const MOST_PLACES_NAMED = 8;

const input = z.strictObject({
  path: z.string().describe('Path from the workspace folder, or absolute inside it.'),
  old_string: z
    .string()
    .min(1)
    .max(LONGEST_PIECE)
    .describe('The text to replace, letter for letter, with enough around it to be there once.'),
  new_string: z.string().max(LONGEST_PIECE).describe('What to put in its place; empty to remove it.'),
  replace_all: z.boolean().default(false).describe('Replace it wherever it is.'),
});

type Input = z.output<typeof input>;

export const editFile = defineTool({
  kind: 'world',
  name: 'edit_file',
  description:
    'Replaces a piece of a text file that you have read. old_string must be in the file letter for letter, and once, ' +
    'unless replace_all is set; write line ends as LF whatever the file has. A file that somebody else changed since you ' +
    'read it is left as it is, and you are told what changed. Nothing is written unless the whole edit can be made.',
  input,
  subject: ({ path }) => ({ kind: 'path', text: path }),
  preview: (request, context) => previewChange(changeOf(request), context),
  effect: 'write',
  timeoutMs: 30_000,
  plan: (request, context) => planChange(changeOf(request), context),
  run: (request, context, plan) => carryOut(changeOf(request), context, plan),
  settle: settleChange,
});

function changeOf(request: Input): FileChange {
  return { path: request.path, verb: 'edit', textFor: (current) => replaced(request, current) };
}

function replaced(
  { path, old_string: old, new_string: fresh, replace_all: all }: Input,
  current: string | null,
): NewText {
  const impossible = (reason: string): NewText => ({ kind: 'impossible', reason: `${reason} Nothing was written.` });
  const name = quotePath(path);
  if (current === null) return impossible(`There is no file ${name}; write_file makes one.`);
  if (old === fresh) return impossible('old_string and new_string are the same.');
  const places = placesOf(current, old);
  const [first] = places;
  if (first === undefined) return impossible(missing(name, current, old));
  if (places.length > 1 && !all) {
    const lines = places.slice(0, MOST_PLACES_NAMED).map((at) => lineAt(current, at));
    const more = places.length > lines.length ? ', …' : '';
    return impossible(
      `old_string is ${count(places.length)} times in ${name} (lines ${lines.join(', ')}${more}): give more of what is around it, or set replace_all.`,
    );
  }
  // Found out before it is made: a few words in thousands of places are more than any machine holds.
  if (current.length + places.length * (fresh.length - old.length) > LARGEST_WRITTEN)
    return { kind: 'impossible', reason: tooLarge(name) };
  return { kind: 'text', text: withInstead(current, { places, length: old.length, fresh }) };
}

function withInstead(text: string, { places, length, fresh }: { places: number[]; length: number; fresh: string }) {
  const between = places.map((at, index) => text.slice(index === 0 ? 0 : (places[index - 1] ?? 0) + length, at));
  return [...between, text.slice((places.at(-1) ?? 0) + length)].join(fresh);
}

/** Why it is not there, as far as that can be told: mostly white space. */
function missing(name: string, current: string, old: string): string {
  const line = lineOfLoose(current, old);
  if (line !== undefined) {
    return `old_string is not in ${name} letter for letter; line ${line} differs from it only in white space.`;
  }
  return `old_string is not in ${name}. Read the lines around it again, and copy them as they are.`;
}
