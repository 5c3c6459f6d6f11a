/** What a dialog says before faculties of a folder are accepted. Knows nothing of VS Code. */
import { WARNING } from '../client/faculty-review.ts';
import type { FacultyReview } from '../protocol/faculties.ts';
import { plainText } from './plain-text.ts';

/** Lines that a dialog has room for, and characters of one; the document beside it has all of them. */
const MOST_LINES = 12;
const LONGEST_LINE = 160;

/** What could happen without a person's being asked: what they run, what they allow, whose place they take. */
export function facultyDetail({ faculties }: Pick<FacultyReview, 'faculties'>): string {
  const lines = faculties.flatMap(({ name, starts, allow, shadows }) => [
    ...shadows.map((one) => `${name} takes the name ${one.name} from the ${one.origin} faculty ${one.faculty}`),
    ...starts.map(({ what, runs }) => `${name} runs (${what}): ${runs}`),
    ...allow.map((pattern) => `${name} allows without asking you: ${pattern}`),
  ]);
  const shown = lines.slice(0, MOST_LINES).map(dialogLine);
  const rest = lines.length - MOST_LINES;
  if (rest > 0) shown.push(`and ${rest} more: Cancel, and read on beside`);
  return [...shown, '', WARNING].join('\n');
}

/** On one line whatever is in it, so that none of it can look like one of ours, or push the others out of sight. */
export function dialogLine(text: string): string {
  const line = plainText(text)
    .replaceAll(/[\u2028\u2029]/g, '\n')
    .replaceAll('\n', '\\n')
    .replaceAll('\t', ' ');
  if (line.length <= LONGEST_LINE) return line;
  const note = `… (${line.length - LONGEST_LINE} more: Cancel, and read on beside)`;
  return `${line.slice(0, LONGEST_LINE)}${note}`.toWellFormed();
}
