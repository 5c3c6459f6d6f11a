/**
 * The hooks of one focus: those that are about an event are asked in order, each seeing what the one before left. What a
 * hook does wrong blocks, where it guards; nothing is started where no hook is about the event.
 */
import type { JsonObject, JsonValue } from '../../../protocol/json.ts';
import { uuidv7 } from '../../../rendezvous/ids.ts';
import type { Db } from '../../db/types.ts';
import type {
  AfterTool,
  AfterTurn,
  BeforeModel,
  BeforeTool,
  BeforeToolVerdict,
  HookDecision,
  HookEvent,
  Hooks,
  ModelPatch,
} from '../engage/hooks.ts';
import type { ToolResult } from '../engage/tool.ts';
import type { Answer } from './answer.ts';
import { brokenFiles, reasonsOf } from './broken-files.ts';
import type { HookCatalogue } from './catalogue.ts';
import { type Hook, isAbout } from './hook.ts';
import { type HookProcesses, runHook } from './run-hook.ts';

export type FocusHooksOptions = {
  db: Db;
  catalogue: HookCatalogue;
  processes: HookProcesses;
  ids: { workItemId: string; focusId: string; faculty: string; workspace: string };
};

/** What one hook came to, before it is known whether that can be applied. */
type Asked = { answer: Answer; failure: string | null } & Pick<HookDecision, 'exitCode' | 'stderrTail' | 'durationMs'>;

export class FocusHooks implements Hooks {
  #options: FocusHooksOptions;

  constructor(options: FocusHooksOptions) {
    this.#options = options;
  }

  async matches(event: HookEvent, subject: string): Promise<boolean> {
    const { hooks, broken } = await this.#about(event, subject);
    return hooks.length > 0 || broken.length > 0;
  }

  async beforeTool(asked: BeforeTool, signal: AbortSignal): Promise<BeforeToolVerdict> {
    const { call, effect, complaint } = asked;
    const { hooks, broken } = await this.#about('BeforeToolCall', call.name);
    if (broken.length > 0) return { kind: 'block', reason: reasonsOf(broken), runs: broken };
    if (hooks.length === 0) return { kind: 'none' };
    const runs: HookDecision[] = [];
    let { input } = asked;
    for (const hook of hooks) {
      const facts = { ...callFacts(call), effect, tool_input: input };
      const one = await this.#ask(hook, 'BeforeToolCall', call.turn, facts, signal);
      const patched = one.answer.kind === 'modify' ? (one.answer.patch.tool_input as JsonValue) : undefined;
      const wrong = patched === undefined ? undefined : complaint(patched);
      const run = decision(hook, 'BeforeToolCall', wrong === undefined ? one : misfit(one, wrong));
      runs.push(run);
      if (run.outcome === 'blocked') return { kind: 'block', reason: blockedBy(hook, run), runs };
      if (patched !== undefined && wrong === undefined) input = patched;
    }
    return { kind: 'pass', input, runs };
  }

  async afterTool(asked: AfterTool, signal: AbortSignal): Promise<{ result: ToolResult; runs: HookDecision[] }> {
    const { call, effect, input, durationMs } = asked;
    const { hooks, broken } = await this.#about('AfterToolCall', call.name);
    const runs: HookDecision[] = [];
    let { result } = asked;
    for (const hook of hooks) {
      const given = { content: result.content, is_error: result.isError, duration_ms: durationMs };
      const facts = { ...callFacts(call), effect, tool_input: input, result: given };
      const one = await this.#ask(hook, 'AfterToolCall', call.turn, facts, signal);
      const run = decision(hook, 'AfterToolCall', one);
      runs.push(run);
      result = afterOne(hook, result, one, run);
    }
    if (broken.length > 0) result = marked(result, reasonsOf(broken));
    return { result, runs: [...runs, ...broken] };
  }

  async beforeModel(asked: BeforeModel, signal: AbortSignal): Promise<HookDecision[]> {
    const { turn, request, purpose, messageRoom, isUsable } = asked;
    const forWhat = purpose === 'summary' ? { purpose } : {};
    const { hooks, broken } = await this.#about('BeforeLLMCall', asked.model);
    if (broken.length > 0) return broken.map((run) => ({ ...run, ...forWhat }));
    const runs: HookDecision[] = [];
    let model = asked.model;
    let system = request.system.map(({ text }) => text).join('\n\n');
    const added: string[] = [];
    const removed = new Set<string>();
    for (const hook of hooks) {
      const facts = {
        ...{ purpose, model, system, max_tokens: request.maxTokens, temperature: request.temperature ?? null },
        messages: [...request.messages, ...added.map(asUserMessage)] as unknown as JsonValue,
        tools: request.tools.filter(({ name }) => !removed.has(name)) as unknown as JsonValue,
      };
      const one = await this.#ask(hook, 'BeforeLLMCall', turn, facts, signal);
      const patch = (one.answer.kind === 'modify' ? one.answer.patch : {}) as ModelPatch;
      const isOff = patch.model !== undefined && patch.model !== model && !isUsable(patch.model);
      const wrong = isOff
        ? `the model ${patch.model} cannot be used now`
        : tooLong(patch.messages ?? [], messageRoom - lengthOf(added));
      const run = { ...decision(hook, 'BeforeLLMCall', wrong === undefined ? one : misfit(one, wrong)), ...forWhat };
      runs.push(run.outcome === 'blocked' ? { ...run, reason: blockedBy(hook, run) } : run);
      if (run.outcome === 'blocked') return runs;
      if (run.outcome !== 'modified') continue;
      model = patch.model ?? model;
      system = patch.system ?? system;
      added.push(...(patch.messages ?? []));
      for (const tool of patch.tools_removed ?? []) removed.add(tool);
    }
    return runs;
  }

  async afterTurn({ turn, model, stopReason, toolCalls }: AfterTurn, signal: AbortSignal): Promise<HookDecision[]> {
    const runs: HookDecision[] = [];
    for (const hook of (await this.#about('AfterTurn', model)).hooks) {
      const facts = { model, stop_reason: stopReason, tool_calls: toolCalls };
      const one = await this.#ask(hook, 'AfterTurn', turn, facts, signal);
      const { outcome, ...rest } = decision(hook, 'AfterTurn', one);
      runs.push({ ...rest, outcome: outcome === 'allowed' ? 'allowed' : 'marked', patch: null });
    }
    return runs;
  }

  /** A turn that is over is nothing to guard: its event alone goes on with files that give no hook. */
  async #about(event: HookEvent, subject: string): Promise<{ hooks: Hook[]; broken: HookDecision[] }> {
    const { db, catalogue } = this.#options;
    const { hooks, problems } = await catalogue.current(db);
    const broken = event === 'AfterTurn' ? [] : brokenFiles(problems, event);
    return { hooks: hooks.filter((hook) => isAbout(hook, event, subject)), broken };
  }

  async #ask(hook: Hook, event: HookEvent, turn: number, facts: JsonObject, signal: AbortSignal): Promise<Asked> {
    const { ids, processes } = this.#options;
    const id = uuidv7();
    const input = JSON.stringify({
      ...{ id, event, hook: hook.name, work_id: ids.workItemId, focus_id: ids.focusId, faculty: ids.faculty },
      ...{ workspace: ids.workspace, iteration: turn, ...facts },
    });
    const ran = await runHook(processes, hook, { ...ids, event }, { event, id, input }, signal);
    const { exitCode, stderrTail, durationMs } = ran;
    const rest = { exitCode, stderrTail, durationMs };
    return ran.kind === 'answered'
      ? { answer: ran.answer, failure: null, ...rest }
      : { answer: { kind: 'allow' }, failure: ran.reason, ...rest };
  }
}

function callFacts({ id, name, caller }: BeforeTool['call']): JsonObject {
  return { call_id: id, tool_name: name, caller };
}

const lengthOf = (texts: readonly string[]) => texts.reduce((sum, text) => sum + text.length, 0);

/** What hooks add stays in the conversation, and may not fill it. */
function tooLong(messages: readonly string[], left: number): string | undefined {
  const length = lengthOf(messages);
  if (length <= left) return undefined;
  return `its messages hold ${length} characters, and ${left} are left for hooks in this turn`;
}

const asUserMessage = (text: string) => ({ role: 'user', content: [{ type: 'text', text }] });

/** A patch that cannot be applied is a failure of the hook. */
function misfit(asked: Asked, wrong: string): Asked {
  return { ...asked, answer: { kind: 'allow' }, failure: `its patch does not fit: ${wrong}` };
}

/** Before something happens a failure blocks, unless the hook says otherwise; afterwards it marks. */
function decision(hook: Hook, event: HookEvent, asked: Asked): HookDecision {
  const { answer, failure, exitCode, stderrTail, durationMs } = asked;
  const guards = (event === 'BeforeLLMCall' || event === 'BeforeToolCall') && hook.on_error === 'block';
  const facts = { id: uuidv7(), event, hook: hook.name, exitCode, stderrTail, durationMs };
  if (failure !== null) return { ...facts, outcome: guards ? 'blocked' : 'marked', reason: failure, patch: null };
  switch (answer.kind) {
    case 'allow':
      return { ...facts, outcome: 'allowed', reason: null, patch: null };
    case 'block':
      return { ...facts, outcome: 'blocked', reason: answer.reason, patch: null };
    case 'modify':
      return { ...facts, outcome: 'modified', reason: null, patch: answer.patch };
  }
}

function blockedBy(hook: Hook, { reason }: HookDecision): string {
  return `Blocked by the hook ${hook.name}: ${reason ?? 'no reason given'}`;
}

/** What failed leaves the result as it is, with a line that says so. */
function afterOne(hook: Hook, result: ToolResult, { answer }: Asked, run: HookDecision): ToolResult {
  if (run.outcome === 'modified' && answer.kind === 'modify') {
    const { content, is_error: isError } = answer.patch;
    return {
      ...result,
      content: typeof content === 'string' ? content : result.content,
      isError: typeof isError === 'boolean' ? isError : result.isError,
    };
  }
  return run.outcome === 'marked' ? marked(result, `the hook ${hook.name} failed: ${run.reason}`) : result;
}

function marked(result: ToolResult, why: string): ToolResult {
  return { ...result, content: `${result.content}\n[${why}]` };
}
