/** The loop with everything it needs, and tools that count what they do. */
import * as z from 'zod';
import type { ContextSettings } from '../../src/host/engine/engage/context/types.ts';
import { engage } from '../../src/host/engine/engage/engage.ts';
import type { Hooks } from '../../src/host/engine/engage/hooks.ts';
import { turnsOnly } from '../../src/host/engine/engage/limits.ts';
import type { Permissions } from '../../src/host/engine/engage/permissions.ts';
import {
  defineTool,
  type Evaluation,
  type StoredCallWait,
  type Tool,
  type ToolContext,
  type ToolResult,
} from '../../src/host/engine/engage/tool.ts';
import type {
  EngageDependencies,
  EngageEvent,
  EngageResult,
  Journal,
  Limits,
} from '../../src/host/engine/engage/types.ts';
import { toolDefinition } from '../../src/host/engine/tools/select-tools.ts';
import type { LlmClient } from '../../src/host/llm/types.ts';
import { CONTEXT_SETTINGS } from './engine-context.ts';

export type LoopOptions = {
  client: LlmClient;
  journal: Journal;
  tools?: readonly Tool[];
  maxTurns?: number;
  limits?: Limits;
  maxParallelTools?: number;
  temperature?: number;
  stopping?: AbortSignal;
  held?: AbortSignal;
  abort?: AbortSignal;
  emit?: (event: EngageEvent) => void;
  context?: typeof CONTEXT;
  settings?: ContextSettings;
  hooks?: Partial<Hooks>;
  permissions?: Permissions;
  openModel?: EngageDependencies['openModel'];
};

/** Nobody is asked, and everything may run. */
export const NO_HOOKS: Hooks = {
  matches: async () => false,
  beforeTool: async () => ({ kind: 'none' }),
  afterTool: async ({ result }) => ({ result, runs: [] }),
  beforeModel: async () => [],
  afterTurn: async () => [],
};
export const ALL_ALLOWED: Permissions = { decide: async () => ({ kind: 'allowed' }) };

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
      limits: options.limits ?? turnsOnly(options.maxTurns ?? 1000),
      context: options.context ?? CONTEXT,
      hooks: { ...NO_HOOKS, ...options.hooks },
      permissions: options.permissions ?? ALL_ALLOWED,
      openModel: options.openModel ?? (() => undefined),
      emit: options.emit ?? (() => undefined),
      stopping: options.stopping ?? never,
      held: options.held ?? never,
      abort: options.abort ?? never,
    },
    {
      model: 'written/some-model',
      system: ['The engine.', 'The faculty.'],
      tools: tools.map(toolDefinition),
      maxTurns: options.maxTurns ?? 1000,
      maxTokens: 4096,
      temperature,
      thinking: null,
      context: options.settings ?? CONTEXT_SETTINGS,
      maxParallelTools: options.maxParallelTools ?? 8,
    },
  );
}

const input = z.strictObject({ text: z.string() });

type TestTool = {
  name: string;
  effect?: 'read' | 'write' | 'exclusive';
  timeoutMs?: number;
  description?: string;
  run?: (text: string, context: ToolContext) => Promise<ToolResult> | ToolResult;
};

/** A tool that takes `{text}` and, unless told otherwise, gives it back with its own name before it. */
export function worldTool({
  name,
  effect = 'read',
  timeoutMs = 60_000,
  description = `The tool ${name}.`,
  run,
}: TestTool): Tool {
  return defineTool({
    kind: 'world',
    name,
    effect,
    timeoutMs,
    description,
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
