/**
 * Decides about the calls of one focus, by the rules as they are now and by what people said. A question becomes a row that
 * is bound to the arguments as they would be run; the focus parks for it.
 */
import { createHash } from 'node:crypto';
import type { JsonValue } from '../../../protocol/json.ts';
import { uuidv7 } from '../../../rendezvous/ids.ts';
import { retryLost } from '../../db/retry-lost.ts';
import type { Db, Queryable, Tx } from '../../db/types.ts';
import { type Approval, askApproval, readApprovalOfCall } from '../../store/approvals/approvals.ts';
import { type PermissionRule, rulesForFocus } from '../../store/approvals/permission-rules.ts';
import type { AskedCall, Permission, Permissions } from '../engage/permissions.ts';
import type { ToolContext } from '../engage/tool.ts';
import { type Pattern, parsePattern, type Subject } from './pattern.ts';
import { type Rule, ruleOn } from './rules.ts';
import { resolveSubject } from './subject.ts';

/** As a faculty's file gives them. */
export type FacultyPermissions = {
  allow: readonly string[];
  ask: readonly string[];
  deny: readonly string[];
};

/** What becomes of questions where nobody is there to answer: they wait all the same, or they are answered. */
export type WhenAsked = 'wait' | 'deny' | 'allow';

export type CallPermissionsOptions = {
  db: Db;
  context: Omit<ToolContext, 'signal'>;
  faculty: FacultyPermissions;
  /** The faculty came with the workspace, and a person accepted it. */
  isOfWorkspace?: boolean;
  whenAsked: WhenAsked;
  redact(text: string): string;
};

/** How long rules that were read are good for, in milliseconds: calls come in bursts. */
const FRESH_MS = 500;
/** Longest preview, in characters. */
const PREVIEW_MAX = 100_000;

export class CallPermissions implements Permissions {
  #options: CallPermissionsOptions;
  #ofFaculty: readonly Rule[];
  #readAt = Number.NEGATIVE_INFINITY;
  #ofPeople: readonly Rule[] = [];
  #looking: Promise<void> | undefined;

  constructor(options: CallPermissionsOptions) {
    this.#options = options;
    const { allow, ask, deny } = options.faculty;
    const from = options.isOfWorkspace ? 'workspace' : 'faculty';
    const rules = (verdict: Rule['verdict'], texts: readonly string[]) =>
      texts.map((text): Rule => ({ verdict, pattern: requirePattern(text), from }));
    this.#ofFaculty = [...rules('allow', allow), ...rules('ask', ask), ...rules('deny', deny)];
  }

  async decide(asked: AskedCall): Promise<Permission> {
    const { db, context, whenAsked } = this.#options;
    const { tool, call } = asked;
    const subject = await resolveSubject(tool.subject?.(asked.input), context.workspace);
    const { verdict, reason } = ruleOn(await this.#rules(), tool, subject);
    if (verdict === 'allow') return { kind: 'allowed' };
    if (verdict === 'deny') return denied(`${tool.name} is not permitted here: ${reason}.`);
    const hash = inputHash(tool.name, asked.arguments);
    const approval = await retryLost(() => readApprovalOfCall(db, call.id));
    const decided = approval && decisionOf(approval, hash, call.started);
    if (decided) return decided;
    if (whenAsked === 'allow') return { kind: 'allowed' };
    if (whenAsked === 'deny') {
      return denied(`${tool.name} asks a person first (${reason}), and nobody is there to be asked. Do without it.`);
    }
    return this.#ask(asked, subject, hash);
  }

  async #ask(asked: AskedCall, subject: Subject | null, hash: string): Promise<Permission> {
    const { context, redact } = this.#options;
    const { call, tool } = asked;
    const preview = (await this.#previewOf(asked)) ?? null;
    return {
      kind: 'ask',
      evaluate: async (_stored, tx) => {
        const present = await readApprovalOfCall(tx, call.id);
        if (present && decisionOf(present, hash, call.started)) return { kind: 'ready' };
        if (ruleOn(await this.#rulesIn(tx), tool, subject).verdict !== 'ask') return { kind: 'ready' };
        const id = present?.id ?? uuidv7();
        await askApproval(tx, {
          id,
          workItemId: context.workItemId,
          focusId: context.focusId,
          toolCallId: call.id,
          tool: tool.name,
          subject: subject && { kind: subject.kind, text: redact(subject.text) },
          input: asked.arguments,
          inputHash: hash,
          preview: preview === null ? null : redact(preview).slice(0, PREVIEW_MAX),
        });
        return { kind: 'wait', wait: { kind: 'approval', targets: [id], mode: null, wakeInMs: null } };
      },
    };
  }

  /** What a tool's own code throws is shown in the place of it: the person sees that there is no preview. */
  async #previewOf({ tool, input }: AskedCall): Promise<string | null | undefined> {
    const { context } = this.#options;
    try {
      return await tool.preview?.(input, { ...context, signal: new AbortController().signal });
    } catch (error) {
      return `There is no preview: ${(error as Error).message}`;
    }
  }

  async #rules(): Promise<readonly Rule[]> {
    if (performance.now() - this.#readAt > FRESH_MS) {
      // Calls that begin together look once.
      this.#looking ??= retryLost(() => this.#look(this.#options.db)).finally(() => {
        this.#looking = undefined;
      });
      await this.#looking;
    }
    return [...this.#ofFaculty, ...this.#ofPeople];
  }

  /** What an evaluation goes by is what the decision after it goes by: else both would be made again and again. */
  async #rulesIn(tx: Tx): Promise<readonly Rule[]> {
    await this.#look(tx);
    return [...this.#ofFaculty, ...this.#ofPeople];
  }

  /** Of two that overlap the one counts that began later. */
  async #look(db: Queryable): Promise<void> {
    const { workItemId, focusId } = this.#options.context;
    const began = performance.now();
    const rules = (await rulesForFocus(db, { workItemId, focusId })).flatMap(asRule);
    if (began < this.#readAt) return;
    this.#ofPeople = rules;
    this.#readAt = began;
  }
}

/** A pattern that an older build could read and this one cannot is no rule. */
function asRule({ decision, pattern }: Pick<PermissionRule, 'decision' | 'pattern'>): Rule[] {
  const parsed = parsePattern(pattern);
  return parsed.kind === 'pattern' ? [{ verdict: decision, pattern: parsed.pattern, from: 'person' }] : [];
}

/** What a person said of these very arguments. For once means this call, until it has started. */
function decisionOf(approval: Approval, hash: string, started: boolean): Permission | undefined {
  if (approval.state === 'pending' || approval.inputHash !== hash) return undefined;
  if (approval.usedAt !== null && !started) return undefined;
  if (approval.state === 'allowed') return { kind: 'allowed' };
  const why = approval.reason ? `: ${approval.reason}` : '.';
  return denied(`A person did not allow this call of ${approval.tool}${why}`);
}

const denied = (reason: string): Permission => ({ kind: 'denied', reason });

function requirePattern(text: string): Pattern {
  const parsed = parsePattern(text);
  if (parsed.kind === 'pattern') return parsed.pattern;
  throw new Error(`A faculty was loaded with the pattern ${parsed.reason}`);
}

/** The same for equal arguments, in whatever order their keys stand. */
export function inputHash(tool: string, input: JsonValue): string {
  return createHash('sha256')
    .update(JSON.stringify([tool, sorted(input)]))
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
