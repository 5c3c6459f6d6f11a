/** What a person reads before they accept the faculties of a workspace, for every client: what these could do, and what is new. */
import type { FacultyReview } from '../protocol/faculties.ts';

/** Whose text is made harmless by `plain`, which the client has for its own screen. */
export function reviewText(review: FacultyReview, plain: (text: string) => string): string {
  const { folder, faculties, problems, accepted_hash: accepted, changes } = review;
  const known = accepted === null ? 'What it holds:' : 'What differs from what you accepted before:';
  return [
    `The faculties in ${onOneLine(folder, plain)},\n${standing(review)}`,
    ...faculties.map((faculty) => facultyText(faculty, plain)),
    ...problems.map(({ message }) => `not usable: ${indented(message, plain)}`),
    ...(changes.length > 0 ? [[known, ...changes.map((change) => changeText(change, plain))].join('\n')] : []),
    // An editor breaks no lines by itself.
    WARNING.replaceAll('. ', '.\n'),
  ].join('\n\n');
}

/** What accepting them means, wherever that is asked. */
export const WARNING =
  'What they run runs as you, from a copy of this folder. What their commands name outside of it can change ' +
  'without your being asked again. A change in the folder asks, unless it makes of it what you accepted once.';

function standing({ state, problem, accepted_hash: accepted }: FacultyReview): string {
  if (state === 'untrusted') return 'in a folder that you do not trust: nothing of it was read.';
  if (problem !== null) return `which cannot be accepted: ${problem}`;
  if (state === 'accepted') return 'as you accepted them.';
  if (state === 'new') return 'which nobody has accepted: they are not used.';
  return accepted === null
    ? 'which have changed; the copy of what you accepted is gone, so none is used.'
    : 'which have changed: what you accepted before is used until you accept them again.';
}

function facultyText(faculty: FacultyReview['faculties'][number], plain: (text: string) => string): string {
  const { name, description, starts, allow, shadows } = faculty;
  const taken = shadows.map(({ name: wanted, faculty: other, origin }) => {
    return `  takes the name ${wanted} from the ${origin} faculty ${other}`;
  });
  return [
    `${name}: ${onOneLine(description, plain)}`,
    ...taken,
    ...(starts.length === 0 ? ['  runs no command of its own'] : []),
    ...starts.map(({ what, runs }) => `  runs (${what}): ${indented(runs, plain)}`),
    ...allow.map((pattern) => `  allows without asking you: ${onOneLine(pattern, plain)}`),
  ].join('\n');
}

function changeText({ file, kind, diff }: FacultyReview['changes'][number], plain: (text: string) => string): string {
  const head = `  ${kind === 'added' ? '+' : kind === 'removed' ? '-' : '~'} ${onOneLine(file, plain)}`;
  return diff === '' ? head : `${head}\n      ${indented(diff.trimEnd(), plain)}`;
}

/** Its further lines stand further in, so that none of them can look like one of ours. */
function indented(text: string, plain: (text: string) => string): string {
  return plain(text).replaceAll('\n', '\n      ');
}

function onOneLine(text: string, plain: (text: string) => string): string {
  return plain(text).replaceAll('\n', '\\n');
}
