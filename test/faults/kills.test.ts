/**
 * kill -9 at every boundary of a run, before its commit and after it, and while the model is asked: whoever comes next goes
 * on, nothing that was acknowledged is lost, and nothing that changes the world is done twice.
 */
import assert from 'node:assert/strict';
import { BOUNDARIES } from './boundaries.ts';
import { buildFaultHost } from './fault-host.ts';
import { type Blow, type RunResult, runWithBlow } from './fault-run.ts';
import { FaultWorld, type Place } from './fault-world.ts';
import { TURNS } from './scenario.ts';

/** How often at each boundary; each time at another passage of it where there are several. */
const RUNS = Number(process.env.ANIMUS_FAULT_RUNS ?? 2);

/** A lease, and a start on a loaded machine. */
const RESUMES_WITHIN_MS = 45_000;

type Row = { boundary: string; when: string; results: RunResult[] };

function printTable(database: string, rows: readonly Row[]): void {
  console.log(
    `\n      ${'boundary'.padEnd(20)} ${'kill'.padEnd(7)} runs  whole  calls repeated  resumed, slowest (${database})`,
  );
  for (const { boundary, when, results } of rows) {
    const most = Math.max(...results.map(({ repeatedRequests }) => repeatedRequests));
    const slowest = Math.max(...results.map(({ resumedMs }) => resumedMs ?? 0));
    const cells = [boundary.padEnd(20), when.padEnd(7), String(results.length).padStart(4)];
    const rest = [String(results.length).padStart(5), String(most).padStart(14), `${(slowest / 1000).toFixed(1)} s`];
    console.log(`      ${[...cells, ...rest].join('  ')}`);
  }
}

function describeKills(database: string, url: () => string | null | undefined): void {
  describe(`a host that is killed at any boundary (${database})`, function () {
    this.timeout(60_000 + RUNS * 90_000);
    let world: FaultWorld;
    let place: Place;
    let passages: Map<string, number>;
    const rows: Row[] = [];

    before(async function () {
      const given = url();
      if (given === undefined) {
        console.log('ANIMUS_TEST_POSTGRES_URL is not set: the kills on Postgres skip.');
        this.skip();
      }
      world = await FaultWorld.create(await buildFaultHost(), given);
      place = world.newPlace('pond');
    });
    after(async () => {
      await world?.remove();
      if (rows.length > 0) printTable(database, rows);
    });

    it('passes each of them in a calm run', async () => {
      const calm = await runWithBlow(world, place, null);
      assert.equal(calm.killed, false);
      assert.equal(calm.repeatedRequests, 0);
      passages = new Map(BOUNDARIES.map(({ name }) => [name, calm.passed.filter((passed) => passed === name).length]));
      assert.deepEqual(
        [...passages].filter(([, times]) => times === 0),
        [],
      );
    });

    async function kill(boundary: string, when: string, blowOf: (run: number) => Blow): Promise<void> {
      const results: RunResult[] = [];
      rows.push({ boundary, when, results });
      for (let run = 0; run < RUNS; run += 1) {
        const result = await runWithBlow(world, place, blowOf(run));
        results.push(result);
        assert.ok(result.killed, 'the host was killed');
        assert.ok(result.repeatedRequests <= 1, `${result.repeatedRequests} model calls were repeated`);
        assert.ok((result.resumedMs ?? 0) < RESUMES_WITHIN_MS);
      }
    }

    for (const { name: boundary, fault } of BOUNDARIES) {
      for (const when of ['before', 'after'] as const) {
        it(`[${fault}] ${boundary}, ${when} its commit`, async () => {
          const times = passages.get(boundary) ?? 1;
          await kill(boundary, when, (run) => ({ boundary, when, nth: 1 + (run % times) }));
        });
      }
    }

    for (const boundary of ['model request', 'mid-stream'] as const) {
      it(`[F1] ${boundary}`, () =>
        kill(boundary, 'during', (run) => ({ boundary, when: 'during', nth: 1 + (run % TURNS) })));
    }
  });
}

describeKills('PGlite', () => null);
describeKills('Postgres', () => process.env.ANIMUS_TEST_POSTGRES_URL);
