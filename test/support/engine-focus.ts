/** A place of one's own in the database, and what it takes to submit, claim and run work there. */

import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { WindowTools } from '../../src/host/api/window-tools.ts';
import type { Db } from '../../src/host/db/types.ts';
import { claimNext } from '../../src/host/engine/dispatch/claim.ts';
import type { Tool } from '../../src/host/engine/engage/tool.ts';
import { type Faculty, type FacultyFile, facultySchema } from '../../src/host/engine/faculties/schema.ts';
import { runFocus } from '../../src/host/engine/focus/run-focus.ts';
import type { Claim, FocusDependencies, FocusEvent, OpenedModel } from '../../src/host/engine/focus/types.ts';
import { Redactor } from '../../src/host/engine/redaction/redactor.ts';
import { ledgerAppend } from '../../src/host/engine/tools/ledger-append.ts';
import { ledgerRead } from '../../src/host/engine/tools/ledger-read.ts';
import { reportOutcome } from '../../src/host/engine/tools/report-outcome.ts';
import { costMicros } from '../../src/host/llm/prices.ts';
import type { LlmClient } from '../../src/host/llm/types.ts';
import { McpServers } from '../../src/host/mcp/mcp-servers.ts';
import { listFoci } from '../../src/host/store/foci/foci.ts';
import { readMessages } from '../../src/host/store/foci/messages.ts';
import { readToolCalls } from '../../src/host/store/foci/tool-calls.ts';
import { registerHost } from '../../src/host/store/hosts/hosts.ts';
import { readEntries } from '../../src/host/store/ledger/ledger.ts';
import { listWorkEvents, readWorkItem } from '../../src/host/store/work/find.ts';
import { takeOverExpired } from '../../src/host/store/work/queue.ts';
import { type Submission, submitWork } from '../../src/host/store/work/submit.ts';
import { uuidv7 } from '../../src/rendezvous/ids.ts';
import { engineDatabase } from './engine-database.ts';
import { ALL_ALLOWED, NO_HOOKS } from './engine-loop.ts';

export type FacultyKeys = {
  [table in 'orient' | 'engage' | 'permissions' | 'budget' | 'awareness' | 'consolidate' | 'recover']?: Record<
    string,
    unknown
  >;
} & {
  mcp?: FacultyFile['mcp'];
  name?: string;
  accepts?: string[];
  max_concurrent?: number;
  max_attempts?: number;
};

export function facultyOf({ name = 'general', mcp, ...keys }: FacultyKeys = {}, prompt = 'Work well.'): Faculty {
  const { faculty } = facultySchema.parse({ faculty: { name, description: 'A faculty of a test.', ...keys } });
  return { ...faculty, mcp: mcp ?? { servers: {} }, origin: 'bundled', file: `/faculties/${name}.toml`, prompt };
}

export type LogLine = { level: string; event: string; facts: Record<string, unknown> };

const benches: Bench[] = [];

export class Bench {
  readonly db: Db;
  /** The store's id, and the place of its work. */
  readonly place = uuidv7();
  readonly storeFolder = realpathSync(mkdtempSync(path.join(tmpdir(), 'animus-engine-')));
  readonly redactor = new Redactor();
  readonly mcp = new McpServers({
    workspace: this.storeFolder,
    environment: { PATH: process.env.PATH ?? '' },
    hostEnvironment: {},
    storeId: this.place,
    log: () => undefined,
  });
  readonly rejected: string[] = [];
  readonly events: FocusEvent[] = [];
  readonly logged: LogLine[] = [];
  /** The host that claims; another one from `nextHost` on. */
  hostId = uuidv7();

  constructor(db: Db) {
    this.db = db;
    benches.push(this);
  }

  async submit(changes: Partial<Submission> = {}): Promise<string> {
    const id = uuidv7();
    await submitWork(this.db, {
      id,
      place: this.place,
      faculty: 'general',
      description: 'Count the herons.',
      params: {},
      attachments: [],
      model: null,
      priority: 0,
      dedup: null,
      delayMs: 0,
      maxAttempts: 3,
      provenance: { source: 'cli' },
      ...changes,
    });
    return id;
  }

  /** The next item's claim; fails where there is none. */
  async claim(
    faculty = facultyOf(),
    changes: Partial<Pick<Claim, 'stopping' | 'held' | 'abort' | 'lost'>> = {},
  ): Promise<Claim> {
    const claimed = await this.tryClaim(faculty);
    if (!claimed) throw new Error('There is nothing to claim.');
    const never = new AbortController().signal;
    const lost = changes.abort ?? never;
    return { ...claimed, faculty, stopping: never, held: never, abort: never, lost, ...changes };
  }

  async tryClaim(faculty = facultyOf()) {
    const [storeId, name] = [this.place, 'bench'];
    await registerHost(this.db, { id: this.hostId, storeId, name, places: [this.place], faculties: [], version: '0' });
    return claimNext(this.db, this.hostId, { places: [this.place], faculties: [faculty.name] });
  }

  /** A new host of this store, which takes over what the dead one held; gives the ids of this store's items. */
  async nextHost(): Promise<string[]> {
    this.hostId = uuidv7();
    const taken = await takeOverExpired(this.db, { hostId: this.hostId, storeId: this.place });
    // On a slow machine the leases that earlier tests left in the same database may have run out by now.
    const own = await this.db.query<{ id: string }>(
      'select id from animus.work_items where place = $1 and id = any($2::uuid[]) order by id',
      [this.place, taken],
    );
    return own.map(({ id }) => id);
  }

  dependencies(client: LlmClient | OpenedModel, changes: Partial<FocusDependencies> = {}): FocusDependencies {
    const opened: OpenedModel = 'kind' in client ? client : { kind: 'ready', client, modelName: 'model' };
    return {
      db: this.db,
      models: {
        costOf: costMicros,
        open: () => opened,
        rejectCredential: (provider, key) => this.rejected.push(`${provider} ${key}`),
      },
      redactor: this.redactor,
      engineTools: [reportOutcome, ledgerAppend, ledgerRead],
      workspaceTools: [] as Tool[],
      isAsAccepted: () => true,
      hooksOf: () => NO_HOOKS,
      permissionsOf: () => ALL_ALLOWED,
      mcp: this.mcp,
      windowTools: new WindowTools(0),
      defaultModel: 'scripted/written',
      headless: false,
      dayCapMicros: null,
      storeId: this.place,
      storeFolder: this.storeFolder,
      workspace: '/workspace',
      commandEnvironment: { PATH: process.env.PATH ?? '' },
      emit: (event) => this.events.push(event),
      log: (level, event, facts = {}) => this.logged.push({ level, event, facts }),
      random: () => 0,
      ...changes,
    };
  }

  /** Claims the next item and runs it to the end of the claim. */
  async run(
    client: LlmClient | OpenedModel,
    faculty = facultyOf(),
    changes: Partial<FocusDependencies> = {},
  ): Promise<Claim> {
    const claim = await this.claim(faculty);
    await runFocus(this.dependencies(client, changes), claim);
    return claim;
  }

  /** All there is about an item. */
  async look(id: string) {
    const item = await readWorkItem(this.db, id);
    if (!item) throw new Error(`There is no item ${id}.`);
    const foci = await listFoci(this.db, id);
    const focusId = foci.at(-1)?.id ?? id;
    return {
      item,
      foci,
      focus: foci.at(-1),
      messages: await readMessages(this.db, focusId),
      calls: await readToolCalls(this.db, focusId),
      entries: await readEntries(this.db, { workItemId: id }),
      events: await listWorkEvents(this.db, id),
    };
  }

  /** Makes a delayed item due. */
  async makeDue(id: string): Promise<void> {
    await this.db.query("update animus.work_items set available_at = now() - interval '1 second' where id = $1", [id]);
  }
}

export async function openBench(): Promise<Bench> {
  return new Bench(await engineDatabase());
}

after(async () => {
  for (const { mcp } of benches) await mcp.close();
  for (const { storeFolder } of benches) rmSync(storeFolder, { recursive: true, force: true });
});
