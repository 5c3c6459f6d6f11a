/**
 * A faculty's file. A key that is accepted does something: what is not built yet is refused like any unknown key, so
 * that nobody relies on a limit that does not hold.
 */
import path from 'node:path';
import * as z from 'zod';
import { parsePattern } from '../permissions/pattern.ts';

/** The folder of a faculty's file, for what it starts: in the environment, and for an MCP server, which no shell is for, a mark. */
export const FOLDER_VARIABLE = 'ANIMUS_FACULTY_DIR';
export const FOLDER_MARK = `\${${FOLDER_VARIABLE}}`;

const NAME = /^[a-z][a-z0-9-]{0,39}$/;
const name = z.string().regex(NAME, 'expected lower-case letters, digits and hyphens, beginning with a letter');
const modelName = z
  .string()
  .max(200)
  .regex(/^[a-z][a-z0-9-]*\/\S/, 'expected provider/name, as in anthropic/claude-sonnet-5-5');
const command = z.string().min(1).max(10_000);
/** `tool` or `tool(argument)`. */
const permission = z
  .string()
  .min(1)
  .superRefine((text, context) => {
    const parsed = parsePattern(text);
    if (parsed.kind === 'invalid') context.addIssue({ code: 'custom', message: parsed.reason });
  });
const permissions = z.array(permission).max(500).default([]);
/** Seconds. */
const timeout = z.number().positive().max(86_400);
const attempts = z.int().min(1).max(100);

/** In the name of a tool, so it is short. */
const serverName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,19}$/, 'expected a short name: lower-case letters, digits, hyphens');
const variable = z.string().regex(/^[A-Za-z_]\w{0,99}$/, 'expected the name of an environment variable');
/** Seconds that a call may take. */
const callTimeout = z.number().positive().max(3600).default(60);

/** A server of the Model Context Protocol: a program, or an address. */
const mcpServer = z.union([
  z.strictObject({
    command: z.string().min(1).max(4096),
    args: z.array(z.string().max(10_000)).max(100).default([]),
    /** Absolute, or in the faculty's folder; without it the workspace. */
    cwd: z
      .string()
      .max(4096)
      .refine((folder) => path.isAbsolute(folder) || folder.startsWith(FOLDER_MARK), 'expected an absolute path')
      .optional(),
    env: z.record(variable, z.string().max(10_000)).default({}),
    /** Variables of the host's environment that it gets although they look like secrets. */
    pass_env: z.array(variable).max(50).default([]),
    timeout: callTimeout,
  }),
  z.strictObject({
    url: z.url({ protocol: /^https?$/ }),
    headers: z
      .record(z.string().regex(/^[\w-]{1,100}$/, 'expected the name of a header'), z.string().max(10_000))
      .default({}),
    /** The variable of the host's environment that holds the bearer token. */
    bearer_env: variable.optional(),
    timeout: callTimeout,
  }),
]);

const written = z.strictObject({
  mcp: z.strictObject({ servers: z.record(serverName, mcpServer).default({}) }).prefault({}),
  faculty: z.strictObject({
    name,
    description: z.string().min(1).max(1000),
    /** Other names by which work may ask for it. */
    accepts: z.array(name).max(20).default([]),
    max_concurrent: z.int().min(1).max(64).nullable().default(null),
    /** Failed attempts after which an item is dead, where the item itself does not say. */
    max_attempts: attempts.optional(),
    /** Merge equal submissions while one is open, without being asked to. */
    dedup: z.boolean().default(false),
    orient: z.strictObject({ command: command.nullable().default(null), timeout: timeout.default(60) }).prefault({}),
    engage: z
      .strictObject({
        /** `external`: `command` is a loop of its own, which calls the focus's tools. */
        mode: z.enum(['builtin', 'external']).default('builtin'),
        command: command.nullable().default(null),
        /** Seconds in which such a command may be silent while nothing that it called is under way. */
        idle_timeout: z.number().positive().max(2_000_000).default(1800),
        /** provider/name; null for the default. */
        model: z.string().min(3).max(200).nullable().default(null),
        /** What takes over, in this order, when the model cannot go on. */
        fallback_models: z.array(modelName).max(8).default([]),
        /** How much to think before an answer; null leaves it to the model. */
        thinking: z.enum(['off', 'low', 'medium', 'high']).nullable().default(null),
        system_prompt: z.string().max(200_000).nullable().default(null),
        /** Relative to the faculty's file. */
        system_prompt_file: z.string().max(1000).nullable().default(null),
        /** Tools of the workspace, of MCP servers and of VS Code by name; `*` stands for any letters. */
        tools: z
          .array(z.string().regex(/^[A-Za-z0-9_*-]{1,64}$/, 'expected a tool name, or one with *'))
          .default(['*']),
        max_turns: z.int().min(1).max(10_000).default(50),
        /** Most tokens of one answer. */
        max_tokens: z.int().min(1).max(1_000_000).default(8192),
        temperature: z.number().min(0).max(2).nullable().default(null),
        /** Tokens that a request to the model may hold, prompt and answer together; null for what is known of the model. */
        context_tokens: z.int().min(4000).max(10_000_000).nullable().default(null),
        /** Whether what came before a completed step leaves the conversation. */
        truncate_closed_blocks: z.boolean().default(true),
        /** Tokens below which a completed step's messages stay until the next step. */
        fold_min_tokens: z.int().min(0).max(1_000_000).default(2000),
        /** Turns without a ledger entry after which the agent is reminded of it; 0 never. */
        ledger_nudge_interval: z.int().min(0).max(1000).default(5),
        /** The part of the context from which on older messages make way for the ledger. */
        compact_threshold: z.number().min(0.1).max(0.95).default(0.7),
        /** Most messages that stay as they are then. */
        compact_keep_recent: z.int().min(1).max(1000).default(10),
        /** Off: the calls of a turn run one after the other. */
        parallel_tool_execution: z.boolean().default(true),
        /** Most calls of a turn that run at once. */
        max_parallel_tools: z.int().min(1).max(64).default(8),
      })
      .prefault({}),
    /** Of one work item and all below it. max_turns of engage bounds one conversation. */
    budget: z
      .strictObject({
        max_tokens: z.int().min(1).max(1_000_000_000_000).nullable().default(null),
        max_cost_usd: z.number().positive().max(1_000_000).nullable().default(null),
        /** Seconds in which it runs; the time it is parked does not count. */
        max_duration: z.number().positive().max(31_536_000).nullable().default(null),
      })
      .prefault({}),
    /** What becomes of calls; of the patterns that fit one the most specific counts. */
    permissions: z.strictObject({ allow: permissions, ask: permissions, deny: permissions }).prefault({}),
    /** What a focus is told of the place's other work. */
    awareness: z
      .strictObject({
        /** Off: neither a digest nor remarks. */
        enabled: z.boolean().default(true),
        /** How far back what was completed and found is looked for. */
        lookback_hours: z.number().positive().max(8760).default(24),
        /** Most entries of each list; 0 leaves it out. */
        max_running: z.int().min(0).max(100).default(10),
        max_recent_completed: z.int().min(0).max(100).default(20),
        max_recent_findings: z.int().min(0).max(100).default(20),
        /** Tell of the children of the own item, and of theirs, too. */
        include_child_work: z.boolean().default(false),
        /** Of the digest, as estimated. */
        max_tokens: z.int().min(100).max(20_000).default(1500),
        /** Remark on findings of others that name a file which the focus has touched. */
        remarks: z.boolean().default(true),
      })
      .prefault({}),
    consolidate: z
      .strictObject({
        command: command.nullable().default(null),
        /** Has to end with 0 before work counts as done. */
        verify: command.nullable().default(null),
        timeout: timeout.default(60),
      })
      .prefault({}),
    recover: z
      .strictObject({
        command: command.nullable().default(null),
        timeout: timeout.default(60),
        /** The same as the faculty's own, for whoever looks for it here. */
        max_attempts: attempts.optional(),
        /** Seconds before the second attempt; doubled for each one after it, with jitter. */
        backoff: z.number().min(0).max(86_400).default(2),
      })
      .prefault({}),
  }),
});

const DEFAULT_MAX_ATTEMPTS = 3;

export const facultySchema = written.transform(({ faculty, mcp }, context) => {
  const { max_attempts: own, recover } = faculty;
  if (own !== undefined && recover.max_attempts !== undefined) {
    const message = 'give it here or as max_attempts of [faculty], not both';
    context.addIssue({ code: 'custom', path: ['faculty', 'recover', 'max_attempts'], message });
  }
  const { mode, command: loop } = faculty.engage;
  if ((mode === 'external') !== (loop !== null)) {
    const message = 'mode = "external" and a command belong together: give both, or neither';
    context.addIssue({ code: 'custom', path: ['faculty', 'engage', loop === null ? 'mode' : 'command'], message });
  }
  // One number, wherever it was written.
  return { mcp, faculty: { ...faculty, max_attempts: recover.max_attempts ?? own ?? DEFAULT_MAX_ATTEMPTS } };
});

export type FacultyFile = z.output<typeof facultySchema>;
export type Faculty = FacultyFile['faculty'] & {
  mcp: FacultyFile['mcp'];
  origin: 'bundled' | 'personal' | 'workspace';
  /** Absolute path of its file; in the accepted copy for a workspace's. */
  file: string;
  /** The prompt's text, wherever it was written. */
  prompt: string;
};

export type FacultyProblem = { file: string; message: string; next: string };
