/**
 * kill -9 at the boundaries that a person's request leads over: what was asked for holds, or was not answered, and the work
 * goes on where it was.
 */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HostClient } from '../../src/client/host-client.ts';
import { uuidv7 } from '../../src/rendezvous/ids.ts';
import { buildFaultHost } from './fault-host.ts';
import { checkInvariants, look, orGone, type Seen, stop } from './fault-run.ts';
import { FaultWorld, type Kill, type Place } from './fault-world.ts';
import { PATIENT_NAME } from './scenario.ts';

const WITHIN_MS = 60_000;

/** One person who asks for one thing after the other, of whatever host there is. */
class Person {
  readonly id: string;
  readonly seen: Seen = { entries: [] };
  deaths = 0;
  #world: FaultWorld;
  #place: Place;
  #client: HostClient;

  private constructor(world: FaultWorld, place: Place, client: HostClient, id: string) {
    this.id = id;
    this.#world = world;
    this.#place = place;
    this.#client = client;
  }

  /** `id` of work that is there already. */
  static async come(world: FaultWorld, place: Place, kill: Kill | null, id = uuidv7()): Promise<Person> {
    return new Person(world, place, await world.connect(place, kill), id);
  }

  /** Asks, and asks the next host again where this one died before it answered. */
  async ask<T>(request: (client: HostClient) => Promise<T>): Promise<T> {
    let answer: { value: T } | undefined;
    while (!answer) {
      await orGone(
        (async () => {
          answer = { value: await request(this.#client) };
        })(),
        async () => {
          this.deaths += 1;
          this.#client = await this.#world.connect(this.#place, null);
        },
      );
    }
    return answer.value;
  }

  async until(holds: () => boolean): Promise<void> {
    const deadline = Date.now() + WITHIN_MS;
    while (!holds()) {
      assert.ok(Date.now() < deadline, `it did not come to be: ${holds}, ${JSON.stringify(this.seen.shown?.item)}`);
      await this.ask((client) => look(client, this.id, this.seen));
      await sleep(20);
    }
  }

  async submit(): Promise<void> {
    const asked = { id: this.id, faculty: PATIENT_NAME, description: 'Do all of it.', source: 'api' as const };
    await this.ask((client) => client.request('work/submit', asked));
    await this.until(() => existsSync(path.join(this.#place.store, `begun-${this.id}`)));
  }

  letGo(place = this.#place): void {
    writeFileSync(path.join(place.store, `go-${this.id}`), '');
  }

  get item() {
    const { shown } = this.seen;
    assert.ok(shown);
    return shown.item;
  }

  async finish(): Promise<string[]> {
    await this.until(() => this.seen.shown?.item.resolved_at != null);
    const { shown } = this.seen;
    assert.ok(shown);
    await checkInvariants(this.#client, this.#place, shown, this.seen);
    assert.equal(this.item.attempts, 0);
    await stop(this.#client);
    return shown.foci.map(({ status }) => status);
  }
}

function describeSteering(database: string, url: () => string | null | undefined): void {
  describe(`a host that is killed while a person steers (${database})`, function () {
    this.timeout(180_000);
    let world: FaultWorld;

    before(async function () {
      const given = url();
      if (given === undefined) {
        console.log('ANIMUS_TEST_POSTGRES_URL is not set: the kills on Postgres skip.');
        this.skip();
      }
      world = await FaultWorld.create(await buildFaultHost(), given);
    });
    after(() => world?.remove());

    for (const boundary of ['pause', 'park for a pause', 'resume']) {
      for (const when of ['before', 'after'] as const) {
        it(`[F1] ${boundary}, ${when} its commit`, async () => {
          const person = await Person.come(world, world.newPlace(`${boundary} ${when}`), { boundary, when, nth: 1 });
          await person.submit();
          const { item } = await person.ask((client) => client.request('work/pause', { id: person.id }));
          assert.equal(item.paused, true);
          person.letGo();
          await person.until(() => person.item.paused && person.item.state !== 'running');
          assert.equal(person.item.wait?.kind, 'paused');
          await person.ask((client) => client.request('work/resume', { id: person.id, pid: process.pid }));
          assert.deepEqual(await person.finish(), ['completed']);
          assert.equal(person.deaths, 1);
        });
      }
    }

    if (database === 'Postgres') {
      for (const when of ['before', 'after'] as const) {
        it(`[F1] move, ${when} its commit`, async () => {
          const [here, there] = [world.newPlace(`here ${when}`), world.newPlace(`there ${when}`)];
          const other = await world.connect(there, null);
          const person = await Person.come(world, here, { boundary: 'move', when, nth: 1 });
          await person.submit();
          const move = { id: person.id, to: there.folder, pid: process.pid };
          const { item } = await person.ask((client) => client.request('work/move', move));
          assert.equal(person.deaths, 1);
          assert.match(item.moved_from ?? '', /here/);
          const visitor = await Person.come(world, there, null, person.id);
          visitor.letGo(there);
          assert.deepEqual(await visitor.finish(), ['cancelled', 'completed']);
          await other.close();
        });
      }
    }
  });
}

describeSteering('PGlite', () => null);
describeSteering('Postgres', () => process.env.ANIMUS_TEST_POSTGRES_URL);
