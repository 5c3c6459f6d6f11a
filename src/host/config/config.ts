/**
 * The host's configuration: one schema, parsed once, plain values passed down. Sources, later wins: defaults,
 * $ANIMUS_HOME/config.toml, the environment.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse, TomlError } from 'smol-toml';
import * as z from 'zod';
import { AnimusError } from '../../protocol/errors.ts';
import { databaseUrl } from '../../protocol/host.ts';
import { pricesSchema } from './prices-schema.ts';
import { baseUrl, providersSchema } from './providers-schema.ts';
import { locateIssue } from './toml-location.ts';
import { webSchema } from './web-schema.ts';

const configSchema = z.strictObject({
  /** provider/name; null lets each faculty, then the default, decide. */
  model: z.string().min(3).max(200).nullable().default(null),
  database: z
    .strictObject({
      /** postgres://…; null means embedded. */
      url: databaseUrl.nullable().default(null),
      schema: z
        .string()
        .regex(/^[a-z_][a-z0-9_]{0,40}$/, 'expected lower-case letters, digits and underscores')
        .default('animus'),
    })
    .prefault({}),
  host: z
    .strictObject({
      idle_seconds: z.number().min(1).max(604_800).default(600),
      max_concurrent: z.int().min(1).max(64).default(4),
      /** Hosts with one name serve one place: their working copies are one, or the work needs none. */
      place: z
        .string()
        .regex(
          /^[a-z][a-z0-9._-]{0,62}$/,
          'expected lower-case letters, digits, dots, hyphens, beginning with a letter',
        )
        .nullable()
        .default(null),
      /** Nobody is there to be asked: what would ask a person ends instead. */
      headless: z.boolean().default(false),
    })
    .prefault({}),
  budget: z
    .strictObject({
      /** Of all work of the place, by the day in UTC; null for no cap. */
      max_cost_usd_per_day: z.number().positive().max(1_000_000).nullable().default(null),
    })
    .prefault({}),
  permissions: z
    .strictObject({
      /** What becomes of a call that asks, on a headless host: refused, run, or waiting for a person all the same. */
      when_headless: z.enum(['deny', 'allow', 'wait']).default('deny'),
    })
    .prefault({}),
  children: z
    .strictObject({
      /** How far below its root a work item may lie. */
      max_depth: z.int().min(0).max(50).default(5),
      /** Children that one focus may spawn. */
      max_per_focus: z.int().min(0).max(10_000).default(32),
    })
    .prefault({}),
  commands: z
    .strictObject({
      /** Whether commands of agents run confined: where the system offers that, only so, or never. */
      confine: z.enum(['auto', 'required', 'off']).default('auto'),
    })
    .prefault({}),
  web: webSchema,
  retention: z
    .strictObject({
      /** Of what finished foci leave: messages, calls, hook runs, folders. */
      days: z.number().min(1).max(36_500).default(90),
      /** Of all our tables. Null means 2048 for the embedded database, and no bound on a server. */
      max_mb: z.int().min(64).max(1_048_576).nullable().default(null),
    })
    .prefault({}),
  anthropic: z
    .strictObject({
      base_url: z.url().default('https://api.anthropic.com'),
      api_version: z.enum(['2023-06-01', '2026-10-21']).default('2023-06-01'),
      auth_scheme: z.enum(['x-api-key', 'bearer']).default('x-api-key'),
    })
    .prefault({}),
  /** Of both of OpenAI's ways: Chat Completions and Responses. */
  openai: z.strictObject({ base_url: baseUrl.default('https://api.openai.com/v1') }).prefault({}),
  /** By the part of a model's name before the slash. */
  providers: providersSchema,
  prices: pricesSchema,
  log: z.strictObject({ level: z.enum(['debug', 'info', 'warn', 'error']).default('info') }).prefault({}),
});
export type Config = z.output<typeof configSchema>;

/** Environment variable → place in the schema. An app's own DATABASE_URL is never ours. */
const ENVIRONMENT: readonly {
  name: string;
  path: readonly [string] | readonly [string, string];
  kind?: 'number' | 'switch';
}[] = [
  { name: 'ANIMUS_MODEL', path: ['model'] },
  { name: 'ANIMUS_DATABASE_URL', path: ['database', 'url'] },
  { name: 'ANIMUS_DATABASE_SCHEMA', path: ['database', 'schema'] },
  { name: 'ANIMUS_HOST_IDLE_SECONDS', path: ['host', 'idle_seconds'], kind: 'number' },
  { name: 'ANIMUS_HOST_MAX_CONCURRENT', path: ['host', 'max_concurrent'], kind: 'number' },
  { name: 'ANIMUS_HEADLESS', path: ['host', 'headless'], kind: 'switch' },
  { name: 'ANIMUS_MAX_COST_USD_PER_DAY', path: ['budget', 'max_cost_usd_per_day'], kind: 'number' },
  { name: 'ANIMUS_PLACE', path: ['host', 'place'] },
  { name: 'ANIMUS_COMMANDS_CONFINE', path: ['commands', 'confine'] },
  { name: 'ANIMUS_RETENTION_DAYS', path: ['retention', 'days'], kind: 'number' },
  { name: 'ANIMUS_RETENTION_MAX_MB', path: ['retention', 'max_mb'], kind: 'number' },
  { name: 'ANIMUS_ANTHROPIC_BASE_URL', path: ['anthropic', 'base_url'] },
  { name: 'ANIMUS_OPENAI_BASE_URL', path: ['openai', 'base_url'] },
  { name: 'LOG_LEVEL', path: ['log', 'level'] },
];

/** Throws AnimusError `bad_config`, naming the source, the key and what was expected. */
export function loadConfig(home: string, env: NodeJS.ProcessEnv): Config {
  const file = path.join(home, 'config.toml');
  const text = readText(file);
  const fromFile = checked(parseToml(text, file), (issue) => locateIssue(file, text, issue), file);
  const layered = structuredClone(fromFile) as Record<string, unknown>;
  const used = ENVIRONMENT.filter(({ name }) => env[name]);
  for (const variable of used) setPath(layered, variable.path, value(variable, env));
  const config = checked(layered, (issue) => `${nameOf(issue, used)}: ${issue.message}`, 'the environment');
  if (config.host.place !== null && config.database.url === null) {
    const message = `host.place: "${config.host.place}" names a place that hosts share, and the embedded database has one host`;
    throw badConfig(message, 'database.url, or leave host.place out');
  }
  return config;
}

function readText(file: string): string {
  if (!existsSync(file)) return '';
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw badConfig(`${file} cannot be read: ${(error as Error).message}`, file, error);
  }
}

function parseToml(text: string, file: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // The parser's message quotes the line, and lines of this file may hold passwords: nothing of it is passed on.
    throw badConfig(`${file}:${error.line}:${error.column}: not TOML`, file);
  }
}

function checked(input: unknown, describe: (issue: z.core.$ZodIssue) => string, source: string): Config {
  const parsed = configSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw badConfig(parsed.error.issues.map(describe).join('\n'), source);
}

function badConfig(message: string, source: string, cause?: unknown): AnimusError {
  return new AnimusError('bad_config', message, `Correct ${source}, then run the command again.`, { cause });
}

function value({ name, kind }: (typeof ENVIRONMENT)[number], env: NodeJS.ProcessEnv): unknown {
  const text = env[name] ?? '';
  if (kind === 'switch' && /^(1|0|true|false)$/.test(text)) return text === '1' || text === 'true';
  // What is no number stays text, so that the schema's complaint names it.
  return kind === 'number' && text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}

function setPath(target: Record<string, unknown>, [first, second]: readonly [string, string?], entry: unknown): void {
  if (second === undefined) target[first] = entry;
  else target[first] = { ...(target[first] as object), [second]: entry };
}

function nameOf(issue: z.core.$ZodIssue, used: typeof ENVIRONMENT): string {
  return used.find((variable) => variable.path.join('.') === issue.path.join('.'))?.name ?? issue.path.join('.');
}
