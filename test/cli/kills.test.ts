import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HostClient } from '../../src/client/host-client.ts';
import { CliSandbox, isAlive } from '../support/cli-sandbox.ts';
import { longRun, NOTES } from '../support/cli-scenarios.ts';

const KILLS = 20;

type Trace = { messages: unknown[]; calls: unknown[]; ledger: unknown[]; outcome: unknown; kills: number };

/** Numbers that look random and are the same in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

async function submit(sandbox: CliSandbox, env: Record<string, string>): Promise<string> {
  const { id } = await sandbox.json<{ id: string }>(['work', 'submit', '--trust', 'read the notes'], { env });
  return id;
}

/** What must not depend on how often the host died: ids, times and usage left out. */
async function trace(sandbox: CliSandbox, id: string, kills: number): Promise<Trace> {
  const waited = await sandbox.json<{ item: { outcome: { duration_ms?: number } }; foci: { id: string }[] }>([
    'work',
    'wait',
    id,
  ]);
  assert.equal(waited.code, 0);
  assert.equal(waited.foci.length, 1, 'the same focus went on');
  const client = await sandbox.attach();
  const focus = await client.request('focus/read', { id: waited.foci[0]?.id ?? '' });
  const { entries } = await client.request('ledger/read', { id });
  await client.close();
  const { duration_ms: _, ...outcome } = waited.item.outcome;
  return {
    messages: focus.messages.map(({ n, turn, block, role, kind, content: { usage: _usage, ...content } }) => {
      return { n, turn, block, role, kind, content };
    }),
    calls: focus.tool_calls.map(({ turn, position, name, input, state, result }) => {
      return { turn, position, name, input, state, result };
    }),
    ledger: entries.map(({ seq, entry_type, content, data }) => ({ seq, entry_type, content, data })),
    outcome,
    kills,
  };
}

/** How far the run is recorded: a message more is a step forward that counts as one. */
async function recordedPoint(
  client: HostClient,
  id: string,
): Promise<{ messages: number; answers: number; ended: boolean }> {
  const shown = await client.request('work/show', { id });
  const focus = await client.request('focus/read', { id: shown.foci[0]?.id ?? '' });
  const answers = focus.messages.filter(({ role }) => role === 'assistant').length;
  return { messages: focus.messages.length, answers, ended: shown.item.state === 'completed' };
}

/** Each host gets two turns further at most, whatever the machine takes for it, and only the last one to the end. */
async function runWithKills(sandbox: CliSandbox, turns: number, random: () => number): Promise<Trace> {
  const model = sandbox.script(longRun(turns, 0, 3));
  const openGate = (gate?: number) =>
    writeFileSync(model.replace(/^scripted\//, ''), JSON.stringify(longRun(turns, 0, gate)));
  const id = await submit(sandbox, { ANIMUS_MODEL: model });
  let kills = 0;
  let last = { messages: -1, times: 0 };
  while (kills < KILLS) {
    // The next client starts the next host.
    const client = await sandbox.connect();
    await sleep(random() * 250);
    const { messages, answers, ended } = await recordedPoint(client, id);
    await client.close();
    assert.ok(!ended, `the run ended after ${kills} kills: it is too short`);
    last = { messages, times: messages === last.messages ? last.times + 1 : 1 };
    // Three deaths without a step forward fail an attempt, and one may happen behind what was seen here.
    if (last.times > 1) continue;
    openGate(kills === KILLS - 1 ? undefined : answers + 3);
    await sandbox.killHost();
    kills += 1;
  }
  return trace(sandbox, id, kills);
}

describe('a host that is killed', () => {
  it(`goes on with the next client, ${KILLS} times in one run, and nothing differs from a run without`, async () => {
    const turns = 45;
    const [calm, killed] = [new CliSandbox(), new CliSandbox()];
    try {
      for (const sandbox of [calm, killed]) sandbox.write(NOTES);
      const expected = await trace(calm, await submit(calm, { ANIMUS_MODEL: calm.script(longRun(turns, 0)) }), 0);
      const actual = await runWithKills(killed, turns, seeded(20_261_123));
      assert.equal(actual.kills, KILLS);
      assert.equal(expected.messages.length, 1 + (turns - 1) * 2 + 1);
      const { kills: _a, ...left } = actual;
      const { kills: _b, ...right } = expected;
      assert.deepEqual(JSON.parse(masked(left, killed)), JSON.parse(masked(right, calm)));
    } finally {
      await calm.remove();
      await killed.remove();
    }
  }).timeout(240_000);

  it('is started again by a client that waits', async () => {
    const sandbox = new CliSandbox();
    try {
      sandbox.write(NOTES);
      const id = await submit(sandbox, { ANIMUS_MODEL: sandbox.script(longRun(12, 150)) });
      const waiting = sandbox.animus(['work', 'wait', id]);
      await sleep(700);
      const before = sandbox.hostFile()?.pid;
      await sandbox.killHost();
      const { code, stderr } = await waiting;
      assert.equal(code, 0);
      assert.match(stderr, /the host ended; starting it again/);
      assert.notEqual(sandbox.hostFile()?.pid, before);
    } finally {
      await sandbox.remove();
    }
  }).timeout(60_000);
});

/** The workspace's path and the model's file differ from sandbox to sandbox. */
function masked(value: unknown, sandbox: CliSandbox): string {
  return JSON.stringify(value).replaceAll(path.dirname(sandbox.workspace), '<root>');
}

describe('two hosts on one store', () => {
  it('[F6] started at once: one serves, the other leaves', async () => {
    const sandbox = new CliSandbox();
    try {
      await sandbox.animus(['trust']);
      await sandbox.animus(['host', 'stop']);
      const entry = path.join(sandbox.home, 'hosts');
      const start = () =>
        spawn(process.execPath, [hostEntry(entry), '--store', sandbox.store, '--folder', sandbox.workspace], {
          env: { ANIMUS_HOME: sandbox.home, PATH: process.env.PATH ?? '' },
          stdio: ['ignore', 'ignore', 'pipe'],
        });
      const hosts = [start(), start(), start()];
      const ended = await Promise.all(hosts.map((host) => exitWithin(host, 4000)));
      assert.deepEqual(
        ended.filter((code) => code !== 'runs'),
        [0, 0],
        'all but one leave, and not as a failure',
      );
      const serving = hosts[ended.indexOf('runs')];
      assert.equal(sandbox.hostFile()?.pid, serving?.pid);
      assert.equal((await sandbox.json(['work', 'list'])).code, 0);
      assert.ok(serving?.pid !== undefined && isAlive(serving.pid));
    } finally {
      await sandbox.remove();
    }
  }).timeout(30_000);
});

function hostEntry(hosts: string): string {
  const [build] = readdirSync(hosts);
  return path.join(hosts, build ?? '', 'main.mjs');
}

function exitWithin(host: ReturnType<typeof spawn>, ms: number): Promise<number | null | 'runs'> {
  return Promise.race([
    new Promise<number | null>((resolve) => host.once('exit', (code) => resolve(code))),
    sleep(ms).then(() => 'runs' as const),
  ]);
}
