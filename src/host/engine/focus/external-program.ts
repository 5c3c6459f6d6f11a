/** A faculty's program in the place of a model: what it is told, and what it may look up in the rows of its focus. */
import type { JsonObject } from '../../../protocol/json.ts';
import { uuidv7 } from '../../../rendezvous/ids.ts';
import { retryLost } from '../../db/retry-lost.ts';
import type { ContentBlock, Usage } from '../../llm/types.ts';
import { addSpend } from '../../store/budgets/budgets.ts';
import { addToDay } from '../../store/budgets/daily.ts';
import { addUsage } from '../../store/foci/foci.ts';
import { readLastMessage, readMessages } from '../../store/foci/messages.ts';
import { findCallByProviderId } from '../../store/foci/tool-calls.ts';
import { proveLease } from '../../store/work/leases.ts';
import { ExternalClient, type Since } from '../external/external-client.ts';
import { workFacts } from './orient.ts';
import { prepareRun } from './phase-command.ts';
import type { Claim, FocusDependencies } from './types.ts';

/** Raised when what a program is told changes in a way that one of before could not read. */
const PROGRAM_PROTOCOL = 1;

/** What it cost is what the program says. */
export const reportedCost = (_model: string, { costMicros }: Usage): number | null => costMicros ?? null;

/** Undefined where the faculty has no such command any more. */
export function externalProgram(deps: FocusDependencies, claim: Claim): ExternalClient | undefined {
  const { db, redactor } = deps;
  const { command, idle_timeout: idleTimeout, model } = claim.faculty.engage;
  if (command === null) return undefined;
  const focusId = claim.focus.id;
  const work = workFacts(claim);
  return new ExternalClient({
    async prepare() {
      const prepared = await prepareRun(deps, claim, { phase: 'engage', event: 'engage', work });
      if ('refused' in prepared) return prepared;
      return { command, cwd: prepared.folder, env: prepared.env, marker: `${deps.storeId}/${uuidv7()}` };
    },
    facts: { protocol: PROGRAM_PROTOCOL, work, workspace: deps.workspace, model: claim.item.model ?? model },
    idleMs: idleTimeout * 1000,
    redact: (input: JsonObject) => redactor.json(input),
    redaction: redactor,
    async earlierCall(id) {
      const call = await retryLost(() => findCallByProviderId(db, focusId, id));
      return call && { name: call.name, arguments: call.input as JsonObject, result: asResult(call.result) };
    },
    since: (n) => retryLost(() => readSince(deps, focusId, n)),
  });
}

/** What the program reported and no turn has counted: it ended badly, or was ended. */
export async function chargeRest({ db }: FocusDependencies, { item, lease }: Claim, usage: Usage): Promise<void> {
  const costs = usage.costMicros ?? 0;
  await retryLost(() =>
    db.transaction(async (tx) => {
      await proveLease(tx, lease);
      const counted = { ...usage, estimated: false };
      await addUsage(tx, lease.focusId, counted, usage.costMicros ?? null, 0);
      await addSpend(tx, item.id, { tokens: usage.input + usage.output, costMicros: costs, ms: 0 });
      await addToDay(tx, item.place, costs);
    }),
  );
}

function asResult(stored: { content: string; is_error: boolean } | null) {
  return stored && { content: stored.content, isError: stored.is_error };
}

/** Rows and not the view of them: what a step folded away is told to the program all the same. */
async function readSince({ db }: FocusDependencies, focusId: string, n: number): Promise<Since> {
  if (n === 0) return { n: (await readLastMessage(db, focusId))?.n ?? 0, results: new Map(), remarks: [] };
  const results = new Map<string, { content: string; isError: boolean }>();
  const remarks: string[] = [];
  const messages = await readMessages(db, focusId, n);
  for (const { role, content } of messages) {
    if (role === 'assistant') continue;
    for (const block of content.blocks as unknown as ContentBlock[]) {
      if (block.type === 'tool_result') results.set(block.toolUseId, block);
      if (block.type === 'text') remarks.push(block.text);
    }
  }
  return { n: messages.at(-1)?.n ?? n, results, remarks };
}
