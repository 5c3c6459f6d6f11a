/** edit_file: one piece of text of a file replaced by another. */
import * as z from 'zod';
import { defineTool } from '../engage/tool.ts';
import { carryOut, type FileChange, type NewText, planChange, previewChange, settleChange } from './change-file.ts';
import { count, quotePath } from './tool-text.ts';

const LONGEST_PIECE = 200_000;
const MOST_PLACES_NAMED = 8;
/** Longer pieces are not looked for in other spellings. */
const LONGEST_LOOSE = 2000;

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
    const lines = places.slice(0, MOST_PLACES_NAMED).map((at) => lineOf(current, at));
    const more = places.length > lines.length ? ', …' : '';
    return impossible(
      `old_string is ${count(places.length)} times in ${name} (lines ${lines.join(', ')}${more}): give more of what is around it, or set replace_all.`,
    );
  }
  // A function, so that `$&` and the like stay what they are.
  return { kind: 'text', text: all ? current.replaceAll(old, () => fresh) : current.replace(old, () => fresh) };
}

function placesOf(text: string, piece: string): number[] {
  const places: number[] = [];
  for (let at = text.indexOf(piece); at >= 0; at = text.indexOf(piece, at + piece.length)) places.push(at);
  return places;
}

function lineOf(text: string, at: number): number {
  return text.slice(0, at).split('\n').length;
}

/** Why it is not there, as far as that can be told: mostly white space. */
function missing(name: string, current: string, old: string): string {
  const loose = old
    .trim()
    .split(/\s+/)
    .map((word) => word.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
    .join(String.raw`\s+`);
  const at = loose === '' || old.length > LONGEST_LOOSE ? -1 : current.search(new RegExp(loose));
  if (at >= 0) {
    return `old_string is not in ${name} letter for letter; line ${lineOf(current, at)} differs from it only in white space.`;
  }
  return `old_string is not in ${name}. Read the lines around it again, and copy them as they are.`;
}
