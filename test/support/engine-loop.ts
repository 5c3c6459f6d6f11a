/** The loop with everything it needs, and tools that count what they do. */
import * as z from 'zod';
import { engage } from '../../src/host/engine/engage/engage.ts';
import {
  defineTool,
  type Evaluation,
  type StoredCallWait,
  type Tool,
  type ToolContext,
  type ToolResult,
} from '../../src/host/engine/engage/tool.ts';
import type { EngageEvent, EngageResult, Journal } from '../../src/host/engine/engage/types.ts';
import { toolDefinition } from '../../src/host/engine/tools/select-tools.ts';
import type { LlmClient } from '../../src/host/llm/types.ts';

export type LoopOptions = {
  client: LlmClient;
  journal: Journal;
  tools?: readonly Tool[];
  maxTurns?: number;
  temperature?: number;
  stopping?: AbortSignal;
  abort?: AbortSignal;
  emit?: (event: EngageEvent) => void;
  context?: typeof CONTEXT;
};

export const CONTEXT: Omit<ToolContext, 'signal'> = {
  workItemId: 'item-1',
  focusId: 'focus-1',
  faculty: 'general',
  knownFile: async () => undefined,
  workspace: '/workspace',
};

export function runLoop(options: LoopOptions): Promise<EngageResult> {
  const { client, journal, tools = [], temperature = null } = options;
  const never = new AbortController().signal;
  return engage(
    {
      client,
      journal,
      tools: new Map(tools.map((tool) => [tool.name, tool])),
      context: options.context ?? CONTEXT,
      emit: options.emit ?? (() => undefined),
      stopping: options.stopping ?? never,
      abort: options.abort ?? never,
    },
    {
      model: 'written/some-model',
      system: ['The engine.', 'The faculty.'],
      tools: tools.map(toolDefinition),
      maxTurns: options.maxTurns ?? 1000,
      maxTokens: 4096,
      temperature,
    },
  );
}

const input = z.strictObject({ text: z.string() });

type TestTool = {
  name: string;
  effect?: 'read' | 'write' | 'exclusive';
  timeoutMs?: number;
  run?: (text: string, context: ToolContext) => Promise<ToolResult> | ToolResult;
};

/** A tool that takes `{text}` and, unless told otherwise, gives it back with its own name before it. */
export function worldTool({ name, effect = 'read', timeoutMs = 60_000, run }: TestTool): Tool {
  return defineTool({
    kind: 'world',
    name,
    effect,
    timeoutMs,
    description: `The tool ${name}.`,
    input,
    run: async ({ text }, context) => (run ? run(text, context) : { content: `${name}: ${text}`, isError: false }),
  });
}

/** A tool whose effect is a row in the journal. */
export function storeTool(name: string, failing = false): Tool {
  return defineTool({
    kind: 'store',
    name,
    effect: 'write',
    timeoutMs: 60_000,
    description: `The tool ${name}.`,
    input,
    async run({ text }, _context, tx) {
      await tx.query(text);
      if (failing) throw new Error(`${name} broke`);
      return { content: `${name}: ${text}`, isError: false };
    },
  });
}

/** A tool that takes `{text}` and gives a result or waits. */
export function waitingTool(
  name: string,
  evaluate: (text: string, stored: StoredCallWait | null) => Evaluation | Promise<Evaluation>,
): Tool {
  return defineTool({
    kind: 'waiting',
    name,
    timeoutMs: 60_000,
    description: `The tool ${name}.`,
    input,
    evaluate: async ({ text }, _context, stored) => evaluate(text, stored),
  });
}

/** A promise, and the hand that settles it. */
export function barrier(): { reached: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { reached: promise, open: resolve };
}
