/** A home with workspaces, a model on loopback, and hosts that die where they are told to. Everything is ended by its id. */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findOrStartHost, type HostLocation } from '../../src/client/find-or-start-host.ts';
import type { HostClient } from '../../src/client/host-client.ts';
import { databaseLabel } from '../../src/host/config/database-label.ts';
import { parseScript } from '../../src/host/llm/scripted/script.ts';
import { readBuildInfo } from '../../src/rendezvous/build-info.ts';
import { readHostFile } from '../../src/rendezvous/store-files.ts';
import { storeFolder } from '../../src/rendezvous/store-folder.ts';
import { isAlive } from '../support/cli-sandbox.ts';
import { type ModelServer, startModelServer } from '../support/model-server.ts';
import { anthropicFormat } from '../support/model-server-anthropic.ts';
import type { Fault } from '../support/model-server-faults.ts';
import { decideWith, newPersonKey } from '../support/person.ts';
import { KILL_VARIABLE, type KillOrder } from './killing-database.ts';
import { FACULTY, FACULTY_NAME, PATIENT, PATIENT_NAME, SCRIPT } from './scenario.ts';
import { LINES_FILE } from './write-tool.ts';

const KEY = 'sk-ant-test-0123456789abcdef';

/** Who decides in every place. */
const PERSON = newPersonKey();

export type Kill = NonNullable<KillOrder['kill']>;

export class FaultWorld {
  readonly server: ModelServer;
  /** What becomes of a request, by its number from 1 since this was set. */
  faultOf: (request: number) => Fault | undefined = () => undefined;
  #root = realpathSync(mkdtempSync(path.join(tmpdir(), 'animus-faults-')));
  #bundle: string;
  #databaseUrl: string | null;
  #pids = new Set<number>();

  private constructor(bundle: string, databaseUrl: string | null, server: ModelServer) {
    this.#bundle = bundle;
    this.#databaseUrl = databaseUrl;
    this.server = server;
    mkdirSync(path.join(this.#home, 'faculties'), { recursive: true });
    writeFileSync(path.join(this.#home, 'faculties', `${FACULTY_NAME}.toml`), FACULTY);
    writeFileSync(path.join(this.#home, 'faculties', `${PATIENT_NAME}.toml`), PATIENT);
  }

  /** `databaseUrl` null for the embedded database. */
  static async create(bundle: string, databaseUrl: string | null): Promise<FaultWorld> {
    const parsed = parseScript(JSON.stringify(SCRIPT), 'json', SCRIPT.name);
    if (parsed.kind !== 'script') throw new Error('The scenario is no script.');
    let world: FaultWorld | undefined;
    const server = await startModelServer({
      formats: [anthropicFormat],
      script: parsed.script,
      faultOf: () => world?.faultOf(server.requests.length + 1 - world.#requestsBefore),
    });
    world = new FaultWorld(bundle, databaseUrl, server);
    return world;
  }

  #requestsBefore = 0;

  /** Counts requests from here on. */
  countRequests(): () => number {
    this.#requestsBefore = this.server.requests.length;
    return () => this.server.requests.length - this.#requestsBefore;
  }

  get #home(): string {
    return path.join(this.#root, 'home');
  }

  /** A workspace of its own. */
  newPlace(name: string): Place {
    const folder = path.join(this.#root, name.replaceAll(/\W+/g, '-'));
    mkdirSync(folder);
    writeFileSync(path.join(folder, 'note.md'), 'A heron stands in the pond.\n');
    return new Place(folder, storeFolder(this.#home, folder), path.join(this.#root, `${path.basename(folder)}.log`));
  }

  /** A connection to the place's host, which is started where none runs and dies as ordered. Trust and key are there. */
  async connect(place: Place, kill: Kill | null): Promise<HostClient> {
    const order: KillOrder = { log: place.log, kill };
    const client = await findOrStartHost(this.#location(place, order));
    this.#pids.add(client.host.pid);
    await decideWith(client, PERSON);
    await client.request('trust/grant', { folder: place.folder, pid: process.pid });
    const credentials = [{ name: 'anthropic' as const, value: KEY, origin: this.server.url }];
    await client.request('credentials/offer', { credentials });
    return client;
  }

  /** Whatever a run that failed left behind: a host that still runs, what it wrote. */
  async clear(place: Place): Promise<void> {
    const pid = place.hostPid();
    if (pid !== undefined && this.#pids.has(pid) && isAlive(pid)) await this.#end(pid);
    place.takeLog();
    place.lines(LINES_FILE);
  }

  async #end(pid: number): Promise<void> {
    // An id may be another process's by now.
    if (!readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(this.#root)) return;
    process.kill(pid, 'SIGKILL');
    while (isAlive(pid)) await sleep(5);
  }

  #location(place: Place, order: KillOrder): HostLocation {
    const database = databaseLabel(this.#databaseUrl);
    const build = readBuildInfo(this.#bundle);
    return {
      identity: { kind: 'api', build, folder: place.folder, database, home: this.#home },
      store: place.store,
      bundle: this.#bundle,
      env: {
        PATH: process.env.PATH ?? '',
        HOME: this.#home,
        ANIMUS_HOME: this.#home,
        ANIMUS_HOST_IDLE_SECONDS: '30',
        ANIMUS_ANTHROPIC_BASE_URL: this.server.url,
        ...(this.#databaseUrl ? { ANIMUS_DATABASE_URL: this.#databaseUrl } : {}),
        [KILL_VARIABLE]: JSON.stringify(order),
      },
    };
  }

  async remove(): Promise<void> {
    for (const pid of this.#pids) if (isAlive(pid)) await this.#end(pid);
    await this.server.close();
    rmSync(this.#root, { recursive: true, force: true });
  }
}

export class Place {
  readonly folder: string;
  readonly store: string;
  readonly log: string;

  constructor(folder: string, store: string, log: string) {
    this.folder = folder;
    this.store = store;
    this.log = log;
    appendFileSync(log, '');
  }

  hostPid(): number | undefined {
    const file = readHostFile(this.store);
    return file.kind === 'read' ? file.value.pid : undefined;
  }

  /** The boundaries that were passed since this was last asked. */
  takeLog(): string[] {
    const lines = readFileSync(this.log, 'utf8').trim().split('\n');
    writeFileSync(this.log, '');
    return lines.filter((line) => line !== '');
  }

  lines(name: string): string[] {
    const file = path.join(this.folder, name);
    if (!existsSync(file)) return [];
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    rmSync(file);
    return lines;
  }
}
