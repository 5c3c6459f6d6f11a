/** Three ways to run the same conversation: by hand, by our loop without a database, by our loop as the host runs it. */
import type { Db, Tx } from '../src/host/db/types.ts';
import { claimNext } from '../src/host/engine/dispatch/claim.ts';
import { engage } from '../src/host/engine/engage/engage.ts';
import { turnsOnly } from '../src/host/engine/engage/limits.ts';
import type { Tool, ToolContext } from '../src/host/engine/engage/tool.ts';
import type { EngageConfig, Journal } from '../src/host/engine/engage/types.ts';
import { defaultContextSettings } from '../src/host/engine/focus/context-settings.ts';
import { DbJournal } from '../src/host/engine/focus/journal.ts';
import { Redactor } from '../src/host/engine/redaction/redactor.ts';
import { ledgerAppend } from '../src/host/engine/tools/ledger-append.ts';
import { readFile } from '../src/host/engine/tools/read-file.ts';
import { toolDefinition } from '../src/host/engine/tools/select-tools.ts';
import type { CompletionResponse, LlmClient, Message, ToolResultBlock } from '../src/host/llm/types.ts';
import { beginEngage } from '../src/host/store/foci/foci.ts';
import { insertMessage } from '../src/host/store/foci/messages.ts';
import { registerHost } from '../src/host/store/hosts/hosts.ts';
import { submitWork } from '../src/host/store/work/submit.ts';
import type { JsonObject } from '../src/protocol/json.ts';
import { uuidv7 } from '../src/rendezvous/ids.ts';
import { ALL_ALLOWED, NO_HOOKS } from '../test/support/engine-loop.ts';
import { MemoryJournal } from '../test/support/engine-memory-journal.ts';

const TASK = 'Count the herons.';
const TOOLS: readonly Tool[] = [ledgerAppend, readFile];
const tools = new Map(TOOLS.map((tool) => [tool.name, tool]));
const never = new AbortController().signal;

const CONFIG: EngageConfig = {
  model: 'instant/model',
  system: ['You count birds.'],
  tools: TOOLS.map(toolDefinition),
  maxTurns: 10_000,
  maxTokens: 4096,
  temperature: null,
  thinking: null,
  context: defaultContextSettings('instant/model'),
};

export type Conversation = { client: LlmClient; workspace: string };

/** Whatever is written is taken; an entry's number is all that a tool asks back. */
function memoryTx(): Tx {
  let seq = 0;
  return {
    inTransaction: true,
    query: async <R>() => {
      seq += 1;
      return [{ seq }] as R[];
    },
  };
}

export async function runByHand({ client, workspace }: Conversation): Promise<void> {
  const tx = memoryTx();
  const context = { ...ids(), workspace, signal: never };
  const system = CONFIG.system.map((text) => ({ type: 'text' as const, text }));
  const messages: Message[] = [{ role: 'user', content: [{ type: 'text', text: TASK }] }];
  for (let turn = 1; ; turn += 1) {
    const request = { model: CONFIG.model, system, tools: CONFIG.tools, maxTokens: CONFIG.maxTokens, messages, turn };
    let response: CompletionResponse | undefined;
    for await (const event of client.stream(request, never)) {
      if (event.type === 'done') response = event.response;
    }
    if (!response) throw new Error('The model failed.');
    messages.push({ role: 'assistant', content: response.content });
    const calls = response.content.filter((block) => block.type === 'tool_use');
    if (calls.length === 0) return;
    const results: ToolResultBlock[] = [];
    for (const call of calls) {
      const tool = tools.get(call.name);
      if (!tool || tool.kind === 'waiting') throw new Error(`There is no tool ${call.name} that runs at once.`);
      const input = tool.input.parse(call.input);
      const { content, isError } =
        tool.kind === 'store' ? await tool.run(input, context, tx) : await tool.run(input, context);
      results.push({ type: 'tool_result', toolUseId: call.id, content, isError });
    }
    messages.push({ role: 'user', content: results });
  }
}

export function runInMemory(conversation: Conversation): Promise<void> {
  const journal = new MemoryJournal(TASK);
  const tx = memoryTx();
  journal.runStoreCall = async (call, _effect, run) => journal.finishCall(call, 'done', await run(tx));
  return runLoop(conversation, journal, ids());
}

/** Gives what runs the conversation on a work item of its own, submitted and claimed as by the host. */
export async function prepareInDatabase(db: Db): Promise<(conversation: Conversation) => Promise<void>> {
  const [id, place, hostId] = [uuidv7(), uuidv7(), uuidv7()];
  await submitWork(db, {
    ...{ id, place, faculty: 'general', description: TASK, params: {}, attachments: [], model: null },
    ...{ priority: 0, dedup: null, delayMs: 0, maxAttempts: 1, provenance: { source: 'api' } },
  });
  await registerHost(db, { id: hostId, storeId: place, name: 'bench', places: [place], faculties: [], version: '0' });
  const claimed = await claimNext(db, hostId, { places: [place], faculties: ['general'] });
  if (!claimed) throw new Error('The work that was submitted cannot be claimed.');
  const { lease, focus } = claimed;
  await db.transaction(async (tx) => {
    const content = { blocks: [{ type: 'text', text: TASK }] };
    await insertMessage(tx, focus.id, { n: 1, turn: 0, block: 0, role: 'user', kind: 'task', content });
    await beginEngage(tx, focus.id, CONFIG.model, CONFIG as unknown as JsonObject);
  });
  const redactor = new Redactor();
  redactor.add('host_token', 'a-token-that-is-nowhere-in-the-text');
  const journal = new DbJournal(db, lease, CONFIG.model, redactor);
  return (conversation) => runLoop(conversation, journal, { ...ids(), workItemId: id, focusId: focus.id });
}

async function runLoop(
  { client, workspace }: Conversation,
  journal: Journal,
  context: Omit<ToolContext, 'signal' | 'workspace'>,
): Promise<void> {
  const result = await engage(
    {
      ...{ client, tools, journal, limits: turnsOnly(CONFIG.maxTurns), context: { ...context, workspace } },
      ...{ emit: () => undefined, stopping: never, held: never, abort: never, openModel: () => undefined },
      ...{ hooks: NO_HOOKS, permissions: ALL_ALLOWED },
    },
    CONFIG,
  );
  if (result.kind !== 'end_turn') throw new Error(`The loop ended otherwise: ${JSON.stringify(result)}`);
}

function ids() {
  return { workItemId: uuidv7(), focusId: uuidv7(), faculty: 'general', knownFile: async () => undefined };
}
