/**
 * Decides about the calls of one focus, by the rules as they are now and by what people said. A question becomes a row that
 * is bound to the arguments as they would be run, and to where a path leads; the focus parks for it.
 */
import { uuidv7 } from '../../../rendezvous/ids.ts';
import { retryLost } from '../../db/retry-lost.ts';
import type { Db, Queryable, Tx } from '../../db/types.ts';
import { askApproval, readApprovalOfCall } from '../../store/approvals/approvals.ts';
import { rulesForFocus } from '../../store/approvals/permission-rules.ts';
import type { Allowed, AskedCall, Permission, Permissions } from '../engage/permissions.ts';
import type { ToolContext } from '../engage/tool.ts';
import { fileRulesOf } from './file-rules.ts';
import type { Subject } from './pattern.ts';
import { type Asked, answerTo, isSameQuestion, pathText, questionHash, remarkOn, shownSubject } from './question.ts';
import { type FacultyPermissions, facultyRules, personRule, type Rule, ruledTool, ruleOn } from './rules.ts';
import { resolveSubject } from './subject.ts';

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
    this.#ofFaculty = facultyRules(options.faculty, options.isOfWorkspace ? 'workspace' : 'faculty');
  }

  async decide(asked: AskedCall): Promise<Permission> {
    const { db, context, whenAsked } = this.#options;
    const { tool, call } = asked;
    const subject = await resolveSubject(tool.subject?.(asked.input), context.workspace);
    const rules = await this.#rules();
    const ruled = ruledTool(tool);
    const { verdict, reason } = ruleOn(rules, ruled, subject);
    const questions = whenAsked === 'allow' ? 'allowed' : 'left out';
    const files = tool.walks ? { files: fileRulesOf(rules, ruled, subject, questions) } : {};
    const allowed: Allowed = { ...allowedAt(subject), ...files };
    // Of a call that asked, a person may have said no: that holds over what they allow of others meanwhile.
    if (verdict === 'allow' && !call.waiting) return allowed;
    if (verdict === 'deny') return denied(`${tool.name} is not permitted here: ${reason}.`);
    const hash = questionHash(tool.name, asked.arguments, subject);
    const approval = await retryLost(() => readApprovalOfCall(db, call.id));
    const answer = approval && answerTo(approval, hash, call.started);
    if (verdict === 'allow') return answer?.kind === 'denied' ? answer : allowed;
    if (answer) return answer.kind === 'allowed' ? allowed : answer;
    if (whenAsked === 'allow') return allowed;
    if (whenAsked === 'deny') {
      return denied(`${tool.name} asks a person first (${reason}), and nobody is there to be asked. Do without it.`);
    }
    return this.#ask(asked, subject, hash);
  }

  async #ask(asked: AskedCall, subject: Subject | null, hash: string): Promise<Permission> {
    const { context, redact } = this.#options;
    const { call, tool } = asked;
    const preview = await this.#previewOf(asked);
    const ruled = ruledTool(tool);
    const question: Asked = {
      hash,
      input: asked.arguments,
      subject: shownSubject(subject, ruled, redact),
      preview: preview == null ? null : redact(preview).slice(0, PREVIEW_MAX),
    };
    return {
      kind: 'ask',
      evaluate: async (_stored, tx) => {
        const present = await readApprovalOfCall(tx, call.id);
        if (present && answerTo(present, hash, call.started)) return { kind: 'ready' };
        if (ruleOn(await this.#rulesIn(tx), ruled, subject).verdict !== 'ask') return { kind: 'ready' };
        const id = present && isSameQuestion(present, question) ? present.id : uuidv7();
        await askApproval(tx, {
          id,
          workItemId: context.workItemId,
          focusId: context.focusId,
          toolCallId: call.id,
          tool: tool.name,
          subject: question.subject,
          input: question.input,
          inputHash: hash,
          preview: question.preview,
          remark: remarkOn(present, question),
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
    const rules = (await rulesForFocus(db, { workItemId, focusId })).flatMap(personRule);
    if (began < this.#readAt) return;
    this.#ofPeople = rules;
    this.#readAt = began;
  }
}

const denied = (reason: string): Permission => ({ kind: 'denied', reason });

/** What is allowed of a path is allowed where it leads now. */
function allowedAt(subject: Subject | null): Allowed {
  const real = subject?.kind === 'path' ? subject.names.at(-1) : undefined;
  return real ? { kind: 'allowed', path: pathText(real) } : { kind: 'allowed' };
}
