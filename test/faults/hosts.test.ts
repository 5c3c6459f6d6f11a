/** Several hosts on one Postgres server: they share a place's work, die, sleep, and lose the server under their feet. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { type HostClient, HostGone } from '../../src/client/host-client.ts';
import { AnimusError } from '../../src/protocol/errors.ts';
import { uuidv7 } from '../../src/rendezvous/ids.ts';
import { CliSandbox, isAlive } from '../support/cli-sandbox.ts';
import { findPostgres, type PostgresServer, startPostgres } from '../support/postgres-server.ts';

const ITEMS = 300;
const WITHIN_MS = 300_000;
/** Longer than a lease. */
const SLEEP_MS = 33_000;

const entry = (content: string) => ({ name: 'ledger_append', input: { entry_type: 'step', content } });
const report = { name: 'report_outcome', input: { success: true, summary: 'Done.' } };

/** So many entries, one a turn. */
const script = (entries: number, delay_ms: number) => ({
  name: 'entries',
  pace: { delay_ms },
  turns: [
    ...Array.from({ length: entries }, (_, at) => ({ tool_calls: [entry(`entry ${at + 1}`)] })),
    { tool_calls: [report] },
    { text: 'Done.' },
  ],
});

/** What is wrong with the items that ended, in words; nothing where all is well. */
const WRONG = `
  select w.id, 'ended ' || count(*) || ' times' as what from animus.work_items w
    join animus.work_events e on e.work_item_id = w.id and e.to_state = 'completed' group by w.id having count(*) <> 1
  union all
  select id, 'is ' || state from animus.work_items where state <> 'completed'
  union all
  select id, attempts || ' attempts failed' from animus.work_items where attempts > 0
  union all
  select work_item_id, 'has ' || count(*) || ' foci' from animus.foci group by work_item_id having count(*) <> 1
  union all
  select work_item_id, 'its entries are ' || string_agg(content, ', ' order by seq) from animus.work_ledger
    group by work_item_id
    having array_agg(content order by seq) <> (select array_agg('entry ' || n order by n) from generate_series(1, $1::int) n)
  union all
  select work_item_id, 'still has a lease' from animus.leases
  union all
  select f.work_item_id, 'was run by a host of another place' from animus.foci f join animus.work_items w on w.id = f.work_item_id
    join animus.hosts h on h.id = f.host_id where not w.place = any (h.places)`;

const bin = findPostgres();

describe('several hosts on one Postgres', function () {
  if (!bin) {
    it('share the work of their place (no Postgres server here)');
    return;
  }
  this.timeout(WITHIN_MS + 60_000);
  let server: PostgresServer;
  const sandboxes: CliSandbox[] = [];

  beforeEach(async () => {
    server = await startPostgres(bin);
  });
  afterEach(async () => {
    for (const sandbox of sandboxes.splice(0)) await sandbox.remove();
    await server.remove();
  });

  /** One for each, its host started and its folder trusted. Who comes second to a place is let in by the first. */
  async function start(places: readonly string[], env: Record<string, string> = {}): Promise<CliSandbox[]> {
    for (const [at, place] of places.entries()) {
      const sandbox = new CliSandbox({ ANIMUS_DATABASE_URL: server.url, ANIMUS_PLACE: place, ...env });
      const first = sandboxes[places.indexOf(place)];
      sandboxes.push(sandbox);
      if (first && places.indexOf(place) < at) {
        const invited = await first.animus(['person', 'invite']);
        const enrolled = await sandbox.animus(['person', 'enroll', invited.stdout.slice(0, 9)]);
        assert.equal(enrolled.code, 0, enrolled.stderr);
      }
      assert.equal((await sandbox.animus(['trust'])).code, 0);
    }
    return sandboxes;
  }

  async function query<Row>(sql: string, values: unknown[] = []): Promise<Row[]> {
    const client = new Client({ connectionString: server.url });
    client.on('error', () => undefined); // the server is stopped under it: the query says so
    try {
      await client.connect();
      return (await client.query(sql, values)).rows as Row[];
    } finally {
      await client.end().catch(() => undefined); // as above
    }
  }

  /** Asks until somebody has it, as a client does whose host died. */
  async function submit(sandbox: CliSandbox, model: string): Promise<void> {
    const id = uuidv7();
    for (;;) {
      let client: HostClient | undefined;
      try {
        client = await sandbox.attach();
        await client.request('work/submit', {
          id,
          faculty: 'general',
          description: `Item ${id}`,
          model,
          source: 'api',
        });
        return;
      } catch (error) {
        const passes =
          error instanceof AnimusError && ['store_unavailable', 'draining', 'internal'].includes(error.kind);
        if (!(error instanceof HostGone) && !passes && !/No host runs/.test(String(error))) throw error;
        await sleep(100);
      } finally {
        await client?.close();
      }
    }
  }

  async function openItems(): Promise<number | undefined> {
    try {
      const [row] = await query<{ open: string }>(
        "select count(*) as open from animus.work_items where state not in ('completed', 'dead', 'cancelled')",
      );
      return Number(row?.open);
    } catch {
      return undefined; // the server is away
    }
  }

  async function untilDone(): Promise<void> {
    const deadline = Date.now() + WITHIN_MS;
    while ((await openItems()) !== 0) {
      assert.ok(Date.now() < deadline, `${await openItems()} items are still open`);
      await sleep(300);
    }
  }

  it('[F4] [F7] complete each of 300 items once, while hosts are killed and the server restarts', async () => {
    const hosts = await start(['pond', 'pond', 'pond'], { ANIMUS_HOST_MAX_CONCURRENT: '8' });
    const [first] = hosts;
    assert.ok(first);
    const model = first.script(script(3, 80));
    const counts = { kills: 0, restarts: 0 };
    let isOver = false;
    const submitting = (async () => {
      for (let n = 0; n < ITEMS; n += 1) await submit(hosts[n % 3] ?? first, model);
    })();
    const killing = (async () => {
      for (let n = 0; !isOver; n += 1) {
        await sleep(1500);
        const victim = hosts[(n * 7 + 1) % 3] ?? first;
        await victim.killHost();
        counts.kills += 1;
        await sleep(300);
        // A host that meets a server that is away leaves by itself: somebody starts the next one.
        await victim.animus(['host', 'start']);
      }
    })();
    const restarting = (async () => {
      while (!isOver) {
        await sleep(4000);
        await (counts.restarts % 2 === 0 ? server.kill() : server.stop());
        await sleep(500);
        await server.start();
        counts.restarts += 1;
      }
    })();
    try {
      await submitting;
      await untilDone();
    } finally {
      isOver = true;
      await Promise.all([killing, restarting]);
    }
    console.log(`      ${ITEMS} items, ${counts.kills} hosts killed, ${counts.restarts} restarts of the server`);
    assert.ok(counts.kills >= 3 && counts.restarts >= 1);
    assert.deepEqual(await query(WRONG, [3]), []);
    const [row] = await query<{ items: string }>('select count(*) as items from animus.work_items');
    assert.equal(Number(row?.items), ITEMS);
  });

  it('[F3] fence the one that slept over its lease', async () => {
    const hosts = await start(['pond', 'pond']);
    const [first] = hosts;
    assert.ok(first);
    await submit(first, first.script(script(12, 400)));
    const pidOf = async () => {
      const [row] = await query<{ id: string }>('select host_id as id from animus.leases');
      return hosts.find((host) => host.hostFile()?.instance_id === row?.id)?.hostFile()?.pid;
    };
    let sleeper: number | undefined;
    while (sleeper === undefined || (await query('select 1 from animus.work_ledger')).length < 2) {
      sleeper = await pidOf();
      await sleep(50);
    }
    process.kill(sleeper, 'SIGSTOP');
    try {
      await sleep(SLEEP_MS);
      await untilDone();
    } finally {
      process.kill(sleeper, 'SIGCONT');
    }
    await sleep(3000);
    assert.ok(isAlive(sleeper), 'it serves on');
    assert.deepEqual(await query(WRONG, [12]), []);
    const takeovers = await query("select 1 from animus.work_events where reason = 'taken over'");
    assert.equal(takeovers.length, 1);
  });

  it('[F7] run the work of their own place alone', async () => {
    const hosts = await start(['pond', 'river'], { ANIMUS_HOST_MAX_CONCURRENT: '2' });
    const [first] = hosts;
    assert.ok(first);
    const model = first.script(script(2, 30));
    for (let n = 0; n < 20; n += 1) await submit(hosts[n % 2] ?? first, model);
    await untilDone();
    assert.deepEqual(await query(WRONG, [2]), []);
    const places = await query<{ place: string; hosts: string }>(
      `select w.place, count(distinct f.host_id) as hosts from animus.work_items w
       join animus.foci f on f.work_item_id = w.id group by 1`,
    );
    assert.deepEqual(
      places.map(({ hosts: count }) => Number(count)),
      [1, 1],
    );
  });
});
