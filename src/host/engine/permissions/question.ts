/** What a person is asked about: the arguments, and where a path leads. What they say counts for just that. */
import { createHash } from 'node:crypto';
import type { JsonValue } from '../../../protocol/json.ts';
import type { Approval, ApprovalSubject } from '../../store/approvals/approvals.ts';
import type { Permission } from '../engage/permissions.ts';
import type { ToolSubject } from '../engage/tool.ts';
import type { PathName } from '../tools/path-pattern.ts';
import type { Subject } from './pattern.ts';
import type { RuledTool } from './rules.ts';

/** The same for equal arguments, in whatever order their keys stand, and a path that leads to the same file. */
export function questionHash(tool: string, input: JsonValue, subject: Subject | null = null): string {
  const names = subject?.kind === 'path' ? [subject.names.map(({ segments, isOutside }) => [isOutside, segments])] : [];
  return createHash('sha256')
    .update(JSON.stringify([tool, sorted(input), ...names]))
    .digest('hex');
}

function sorted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

/** What a person said of this very question. For once means this call, until it has started. */
export function answerTo(approval: Approval, hash: string, started: boolean): Permission | undefined {
  if (approval.state === 'pending' || approval.inputHash !== hash) return undefined;
  // Nobody was asked about this call: what rules say now is all that counts.
  if (approval.byRule !== null) return undefined;
  if (approval.usedAt !== null && !started) return undefined;
  if (approval.state === 'allowed') return { kind: 'allowed' };
  const why = approval.reason ? `: ${approval.reason}` : '.';
  return { kind: 'denied', reason: `A person did not allow this call of ${approval.tool}${why}`, byPerson: true };
}

/** As it is shown, and stored with the question. */
export function shownSubject(
  subject: Subject | null,
  { changes }: RuledTool,
  redact: (text: string) => string,
): ApprovalSubject | null {
  if (!subject) return null;
  const shown = { kind: subject.kind, text: redact(subject.text) };
  if (subject.kind !== 'path') return shown;
  const [, real] = subject.names;
  return { ...shown, ...(real ? { leads_to: redact(pathText(real)) } : {}), changes };
}

/** Of one that was stored, as the tool gave it. */
export function storedSubject({ subject }: Pick<Approval, 'subject'>): ToolSubject | undefined {
  return subject ? ({ kind: subject.kind, text: subject.text } as ToolSubject) : undefined;
}

/** What is asked, as it would be shown now. */
export type Asked = { hash: string; input: JsonValue; subject: ApprovalSubject | null; preview: string | null };

/** Whether an answer to the question as it was put is one to what would be shown now. */
export function isSameQuestion(before: Approval, { hash, preview }: Asked): boolean {
  return before.inputHash === hash && before.byRule === null && before.preview === preview;
}

/** Why a person is asked again, as a sentence; null where this call never asked. */
export function remarkOn(before: Approval | undefined, asked: Asked): string | null {
  const { hash, input, subject: shown } = asked;
  if (!before) return null;
  if (isSameQuestion(before, asked)) return before.remark;
  if (before.inputHash === hash) {
    return before.byRule === null
      ? 'Asked again: what it would do is another by now than what was shown.'
      : 'Asked again: the rule that decided it holds no more.';
  }
  if (questionHash(before.tool, before.input) !== questionHash(before.tool, input)) {
    return 'Asked again: the arguments are others than those that were shown.';
  }
  const [was, is] = [before.subject, shown].map((subject) => subject?.leads_to ?? subject?.text ?? '');
  const wasRecorded = before.subject?.changes !== undefined;
  if (!wasRecorded || was === is) return 'Asked again: it was not recorded where the path led.';
  return `Asked again: the path leads to ${is} now, and led to ${was} when it was shown.`;
}

/** From the workspace's folder, or absolute. */
export function pathText({ segments, isOutside }: PathName): string {
  return `${isOutside ? '/' : ''}${segments.join('/')}` || '.';
}
