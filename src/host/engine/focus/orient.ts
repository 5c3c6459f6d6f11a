/** The first phase: what the focus will run with is gathered and fixed, and the task becomes the first message. */
import * as z from 'zod';
import type { JsonObject } from '../../../protocol/json.ts';
import { retryLost } from '../../db/retry-lost.ts';
import { insertDigest } from '../../store/awareness/digests.ts';
import { openBudget } from '../../store/budgets/budgets.ts';
import { beginEngage, hadFocusBefore } from '../../store/foci/foci.ts';
import { insertMessage, readMessages } from '../../store/foci/messages.ts';
import { formatLedger } from '../../store/ledger/formatted-view.ts';
import { readEntries } from '../../store/ledger/ledger.ts';
import { listWorkItems } from '../../store/work/find.ts';
import { proveLease } from '../../store/work/leases.ts';
import { giveBackMessages } from '../../store/work/messages.ts';
import { buildDigest, type Viewer } from '../awareness/digest.ts';
import type { Tool } from '../engage/tool.ts';
import { offeredTools } from '../tools/mcp-tools.ts';
import { selectTools, toolDefinition } from '../tools/select-tools.ts';
import { offeredWindowTools } from '../tools/vscode-tools.ts';
import { agentsFile } from './agents-file.ts';
import { contextSettings, externalContext } from './context-settings.ts';
import { earlierWork } from './earlier-work.ts';
import { itemLimits } from './item-limits.ts';
import { runPhaseCommand } from './phase-command.ts';
import type { PhaseResult } from './phase-result.ts';
import type { PinnedConfig } from './pinned-config.ts';
import { systemPrompt, taskMessage } from './prompt.ts';
import type { Claim, FocusDependencies } from './types.ts';

const MOST_CHILDREN = 100;
const CHILD_TEXT_MAX = 200;

const orientOutput = z.object({ context: z.string().max(100_000).default('') });

export async function orient(deps: FocusDependencies, claim: Claim): Promise<PhaseResult> {
  const context = await orientContext(deps, claim);
  if (typeof context !== 'string') return context;
  const entries = await retryLost(() => readEntries(deps.db, { workItemId: claim.item.id }));
  const isFirst = !(await retryLost(() => hadFocusBefore(deps.db, claim.item.id, claim.focus.id)));
  const digest = await retryLost(() => buildDigest(deps.db, viewerOf(deps, claim), claim.faculty.awareness));
  const offer = await offeredTools(deps.mcp, claim.faculty.mcp.servers);
  const ofWindows = offeredWindowTools(deps.windowTools, claim.faculty.engage.tools);
  const task = taskMessage({
    description: claim.item.description,
    params: claim.item.params,
    orientContext: context,
    movedFrom: claim.item.movedFrom,
    earlierLedger: isFirst ? '' : formatLedger(entries),
    earlierWork: await earlierWork(deps.db, claim.item),
    awareness: digest.text,
    missingTools: [...offer.problems, ...ofWindows.problems].join('\n'),
    earlierChildren: isFirst ? '' : await childLines(deps, claim.item),
  });
  const config = engageConfig(deps, claim, {
    offered: [...offer.tools, ...ofWindows.tools],
    agentsText: await agentsFile(deps, claim.item.place),
  });
  await retryLost(() =>
    deps.db.transaction(async (tx) => {
      await proveLease(tx, claim.lease);
      if ((await readMessages(tx, claim.focus.id)).length > 0) return;
      const blocks = [{ type: 'text', text: deps.redactor.text(task) }];
      await insertMessage(tx, claim.focus.id, {
        n: 1,
        turn: 0,
        block: 0,
        role: 'user',
        kind: 'task',
        content: { blocks },
      });
      await insertDigest(tx, {
        focusId: claim.focus.id,
        text: deps.redactor.text(digest.text),
        data: deps.redactor.json(digest.lists),
        tokens: digest.tokens,
      });
      await giveBackMessages(tx, claim.item.id, claim.focus.id);
      await openBudget(tx, claim.item.id, itemLimits(claim.item, claim.faculty));
      await beginEngage(tx, claim.focus.id, config.model, config as unknown as JsonObject);
    }),
  );
  return { kind: 'next', phase: 'engage' };
}

/** The newest children, oldest first, for a focus that knows nothing of those that an earlier one spawned. */
async function childLines({ db }: FocusDependencies, { id, place }: Claim['item']): Promise<string> {
  const filter = { place, parentId: id, limit: MOST_CHILDREN };
  const children = await retryLost(() => listWorkItems(db, filter, CHILD_TEXT_MAX));
  return children
    .filter(({ state }) => state !== 'merged')
    .reverse()
    .map((child) => `${child.id} ${child.faculty}, ${child.state}: ${child.description.replaceAll(/\s+/g, ' ')}`)
    .join('\n');
}

/** The orient command's context, '' without a command, or how the phase ends. */
async function orientContext(deps: FocusDependencies, claim: Claim): Promise<string | PhaseResult> {
  const { command, timeout } = claim.faculty.orient;
  if (command === null) return '';
  const work = workFacts(claim);
  const result = await runPhaseCommand(deps, claim, { phase: 'orient', command, timeoutSeconds: timeout, work });
  if (claim.lost.aborted) return { kind: 'stopped' };
  if (result.kind === 'failed') {
    return { kind: 'failed', error: { kind: 'orient', message: result.message } };
  }
  const output = orientOutput.safeParse(result.output);
  if (output.success) return output.data.context;
  const message = `orient-out.json: ${z.prettifyError(output.error)}`;
  return { kind: 'failed', error: { kind: 'orient', message } };
}

/** What work.json says in every phase. */
export function workFacts({ item, focus, faculty }: Claim): JsonObject {
  return {
    id: item.id,
    focus_id: focus.id,
    faculty: faculty.name,
    description: item.description,
    params: item.params,
    attempt: focus.attempt,
    max_attempts: item.maxAttempts,
  };
}

/** From where the focus looks at the other work. */
export function viewerOf({ workspace }: FocusDependencies, { item }: Claim): Viewer {
  return { place: item.place, workspace, item };
}

type Gathered = {
  /** Of MCP servers and windows. */
  offered: readonly Tool[];
  /** AGENTS.md, '' without one. */
  agentsText: string;
};

function engageConfig(
  deps: FocusDependencies,
  { item, focus, faculty }: Claim,
  { offered, agentsText }: Gathered,
): PinnedConfig {
  const { engage } = faculty;
  const isExternal = engage.mode === 'external';
  const model = isExternal ? `external/${faculty.name}` : (item.model ?? engage.model ?? deps.defaultModel);
  const limits = itemLimits(item, faculty);
  const tools = selectTools(deps.engineTools, [...deps.workspaceTools, ...offered], engage.tools);
  const readOnlyTools = offered.flatMap((tool) => (tool.kind === 'world' && tool.effect === 'read' ? [tool.name] : []));
  const system = systemPrompt({
    workItemId: item.id,
    attempt: focus.attempt,
    maxAttempts: item.maxAttempts,
    maxTurns: limits.maxTurns,
    budget: limits,
    workspace: deps.workspace,
    awareness: faculty.awareness.enabled,
    faculty,
    agentsText,
  });
  return {
    model,
    system: system.map((text) => deps.redactor.text(text)),
    tools: tools.map(toolDefinition),
    ...(readOnlyTools.length > 0 ? { readOnlyTools } : {}),
    maxTurns: limits.maxTurns,
    maxTokens: engage.max_tokens,
    temperature: engage.temperature,
    thinking: engage.thinking,
    fallbackModels: engage.fallback_models,
    contextTokens: engage.context_tokens,
    context: isExternal ? externalContext(model, engage) : contextSettings(model, engage),
    maxParallelTools: engage.parallel_tool_execution ? engage.max_parallel_tools : 1,
    ...(isExternal ? { external: true as const } : {}),
    ...(faculty.origin === 'workspace' ? { fromWorkspace: true as const } : {}),
  };
}
