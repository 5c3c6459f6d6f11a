/** Ways to run the same conversation: by hand, by our loop without a database, by our loop as the host runs it. */
import { tmpdir } from 'node:os';
import type { Db, Tx } from '../src/host/db/types.ts';
import type { ContextSettings } from '../src/host/engine/engage/context/types.ts';
import { engage } from '../src/host/engine/engage/engage.ts';
import { turnsOnly } from '../src/host/engine/engage/limits.ts';
import type { Tool, ToolContext } from '../src/host/engine/engage/tool.ts';
import type { EngageConfig, EngageDependencies, Journal } from '../src/host/engine/engage/types.ts';
import { defaultContextSettings } from '../src/host/engine/focus/context-settings.ts';
import { toolDefinition } from '../src/host/engine/tools/select-tools.ts';
import type { CompletionResponse, LlmClient, Message, ToolResultBlock } from '../src/host/llm/types.ts';
import { uuidv7 } from '../src/rendezvous/ids.ts';
import { ALL_ALLOWED, NO_HOOKS } from '../test/support/engine-loop.ts';
import { MemoryJournal } from '../test/support/engine-memory-journal.ts';
import { claimForBench, hostParts } from './host-parts.ts';

export const TASK = 'Count the herons.';
export const SYSTEM = 'You count birds.';

export type Conversation = {
  client: LlmClient;
  tools: readonly Tool[];
  maxParallelTools?: number;
  context?: ContextSettings;
  /** Handed the journal before the loop begins, to look on. */
  watch?: (journal: Journal) => void;
};

const never = new AbortController().signal;

export function configOf({ tools, maxParallelTools = 8, context }: Omit<Conversation, 'client'>): EngageConfig {
  const model = 'instant/model';
  return {
    model,
    system: [SYSTEM],
    tools: tools.map(toolDefinition),
    maxTurns: 10_000,
    maxTokens: 4096,
    temperature: null,
    thinking: null,
    context: context ?? defaultContextSettings(model),
    maxParallelTools,
  };
}

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

/** Runs calls of these tools as they are: arguments checked, nothing recorded. Not for tools that wait. */
export function bareTools(tools: readonly Tool[]): (name: string, input: unknown) => ReturnType<typeof runBare> {
  const [tx, context] = [memoryTx(), { ...ids(), signal: never }];
  const byName = new Map(tools.map((tool) => [tool.name, tool]));
  return (name, input) => runBare(byName.get(name), input, context, tx);
}

function runBare(tool: Tool | undefined, given: unknown, context: ToolContext, tx: Tx) {
  if (!tool || tool.kind === 'waiting') throw new Error('There is no such tool that runs at once.');
  const input = tool.input.parse(given);
  return tool.kind === 'store' ? tool.run(input, context, tx) : tool.run(input, context);
}

/** `keep` is waited for with each message before the loop goes on. */
export async function runByHand(
  conversation: Conversation,
  keep: (message: Message) => Promise<unknown> = async () => undefined,
): Promise<void> {
  const { client, tools } = conversation;
  const runTool = bareTools(tools);
  const { model, maxTokens, system: texts, tools: definitions } = configOf(conversation);
  const system = texts.map((text) => ({ type: 'text' as const, text }));
  const messages: Message[] = [{ role: 'user', content: [{ type: 'text', text: TASK }] }];
  for (let turn = 1; ; turn += 1) {
    const request = { model, system, tools: definitions, maxTokens, messages, turn };
    let response: CompletionResponse | undefined;
    for await (const event of client.stream(request, never)) {
      if (event.type === 'done') response = event.response;
    }
    if (!response) throw new Error('The model failed.');
    const said: Message = { role: 'assistant', content: response.content };
    await keep(said);
    messages.push(said);
    const calls = response.content.filter((block) => block.type === 'tool_use');
    if (calls.length === 0) return;
    const results: ToolResultBlock[] = [];
    for (const call of calls) {
      const { content, isError } = await runTool(call.name, call.input);
      results.push({ type: 'tool_result', toolUseId: call.id, content, isError });
    }
    const given: Message = { role: 'user', content: results };
    await keep(given);
    messages.push(given);
  }
}

/** No hooks, nobody to ask, no budget. */
export async function runInMemory(conversation: Conversation): Promise<MemoryJournal> {
  const config = configOf(conversation);
  const journal = new MemoryJournal(TASK, config.context);
  const parts = { limits: turnsOnly(config.maxTurns), hooks: NO_HOOKS, permissions: ALL_ALLOWED };
  await runLoop(conversation, config, { journal, ...parts, context: ids() });
  return journal;
}

/** Gives what runs the conversation on a work item of its own, submitted and claimed as by the host. */
export async function prepareInDatabase(db: Db): Promise<(conversation: Conversation) => Promise<void>> {
  const claimed = await claimForBench(db, TASK);
  return async (conversation) => {
    const config = configOf(conversation);
    const parts = await hostParts(db, claimed, config, conversation.tools);
    await runLoop(conversation, config, parts);
  };
}

async function runLoop(
  { client, tools, watch }: Conversation,
  config: EngageConfig,
  parts: Pick<EngageDependencies, 'journal' | 'limits' | 'hooks' | 'permissions' | 'context'>,
): Promise<void> {
  watch?.(parts.journal);
  const result = await engage(
    {
      ...{ ...parts, client, tools: new Map(tools.map((tool) => [tool.name, tool])) },
      ...{ emit: () => undefined, stopping: never, held: never, abort: never, openModel: () => undefined },
    },
    config,
  );
  if (result.kind !== 'end_turn') throw new Error(`The loop ended otherwise: ${JSON.stringify(result)}`);
}

function ids() {
  const knownFile = async () => undefined;
  return { workItemId: uuidv7(), focusId: uuidv7(), faculty: 'general', workspace: tmpdir(), knownFile };
}
