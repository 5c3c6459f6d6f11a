/** Dispatchers whose clocks stand still, and the claims that they hand out. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { mock } from 'node:test';
import { Dispatcher, type DispatcherOptions } from '../../src/host/engine/dispatch/dispatcher.ts';
import { FacultyCatalogue } from '../../src/host/engine/faculties/catalogue.ts';
import type { Claim } from '../../src/host/engine/focus/types.ts';
import { uuidv7 } from '../../src/rendezvous/ids.ts';
import { engineDatabase, OPENING_LIMIT_MS } from './engine-database.ts';
import type { Bench } from './engine-focus.ts';
import { barrier } from './engine-loop.ts';

export const POLL_MS = 2000;
export const HEARTBEAT_MS = 10_000;

/** Claims that were handed out, each held until it is let go. */
export class Held {
  claims: Claim[] = [];
  #gates: (() => void)[] = [];

  run = async (claim: Claim): Promise<void> => {
    const gate = barrier();
    this.claims.push(claim);
    this.#gates.push(gate.open);
    await gate.reached;
  };

  ids(): string[] {
    return this.claims.map(({ item }) => item.id);
  }

  letGo(at: number): void {
    this.#gates[at]?.();
  }

  letAllGo(): void {
    for (const open of this.#gates) open();
  }
}

/** For the body of a `describe`: its tests start dispatchers, which are drained after each. */
export function useDispatchers() {
  const started: { dispatcher: Dispatcher; held: Held }[] = [];
  const faculties = mkdtempSync(path.join(tmpdir(), 'animus-faculties-'));
  const addFaculty = (name: string, keys = ''): string => {
    const file = path.join(faculties, `${name}.toml`);
    writeFileSync(file, `[faculty]\nname = "${name}"\ndescription = "x"\n${keys}\n`);
    return file;
  };

  before(async function () {
    this.timeout(OPENING_LIMIT_MS);
    await engineDatabase();
    addFaculty('general');
    addFaculty('single', 'max_concurrent = 1');
  });

  // Nothing ticks by itself: what happens without a tick was brought about by something else.
  beforeEach(() => mock.timers.enable({ apis: ['setInterval'] }));

  afterEach(async () => {
    for (const { dispatcher, held } of started.splice(0)) {
      held.letAllGo();
      await dispatcher.drain();
    }
    mock.timers.reset();
  });

  after(() => rmSync(faculties, { recursive: true, force: true }));

  const catalogue = (now?: () => number): FacultyCatalogue => {
    const none = path.join(faculties, 'none');
    return new FacultyCatalogue({ bundled: faculties, personal: none, workspace: none, accepted: none }, now);
  };

  async function start(bench: Bench, changes: Partial<DispatcherOptions> = {}) {
    const held = new Held();
    const dispatcher = new Dispatcher({
      db: bench.db,
      host: { id: uuidv7(), storeId: bench.place, name: 'host', version: '1' },
      place: bench.place,
      catalogue: catalogue(),
      maxConcurrent: 4,
      run: held.run,
      whyPaused: () => undefined,
      isSatisfied: () => false,
      log: (level, event, facts = {}) => bench.logged.push({ level, event, facts }),
      ...changes,
    });
    started.push({ dispatcher, held });
    await dispatcher.start();
    return { dispatcher, held };
  }

  return { start, catalogue, addFaculty };
}

export async function stateOf(bench: Bench, id: string): Promise<string> {
  return (await bench.look(id)).item.state;
}

/** Lets everything that is under way come to rest. */
export async function settled(bench: Bench): Promise<void> {
  for (let at = 0; at < 20; at += 1) await bench.db.query('select 1');
}
