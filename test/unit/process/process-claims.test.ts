import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { type Claim, claimedProcesses } from '../../../src/host/process/process-claims.ts';
import { type ProcessEntry, parseProcStat, parsePsLine } from '../../../src/host/process/process-table.ts';

function entry(pid: number, parent: number, changes: Partial<ProcessEntry> = {}): ProcessEntry {
  return { pid, parent, group: pid, startedAt: 100, zombie: false, ...changes };
}

function pids(table: ProcessEntry[], changes: Partial<Claim> = {}): number[] {
  const claim: Claim = { root: { pid: 50, startedAt: 100 }, carriesMarker: () => false, self: 20, ...changes };
  return claimedProcesses(table, claim)
    .map(({ pid }) => pid)
    .sort((a, b) => a - b);
}

describe('claimedProcesses', () => {
  const root = entry(50, 20);

  it('claims the group, the marked, and what descends from either', () => {
    const table = [root, entry(51, 1, { group: 50 }), entry(60, 1), entry(61, 60), entry(62, 61), entry(70, 1)];
    assert.deepEqual(pids(table, { carriesMarker: (pid) => pid === 60 }), [50, 51, 60, 61, 62]);
  });

  it('[F20] leaves out zombies, init, the kernel and everything older', () => {
    const all = { carriesMarker: () => true };
    const table = [entry(0, 0), entry(1, 0), entry(51, 1, { zombie: true }), entry(52, 1, { startedAt: 99 })];
    assert.deepEqual(pids(table, all), []);
  });

  it('[F20] leaves out the asker and its ancestors, whatever they carry', () => {
    const table = [entry(10, 1), entry(20, 10), root, entry(30, 20)];
    assert.deepEqual(pids(table, { root: undefined, carriesMarker: (pid) => pid !== 30 && pid !== 1 }), [50]);
  });

  it('[F20] does not take a group whose number was given to somebody else', () => {
    const table = [entry(50, 1, { startedAt: 300 }), entry(51, 50, { group: 50, startedAt: 301 })];
    assert.deepEqual(pids(table), []);
  });

  it('[F20] takes no group without a root', () => {
    const table = [entry(50, 1, { group: 0 }), entry(51, 1, { group: 1 })];
    assert.deepEqual(pids(table, { root: undefined }), []);
    for (const pid of [0, 1, Number.NaN, -1]) assert.deepEqual(pids(table, { root: { pid, startedAt: 0 } }), []);
  });

  it('survives a table with a circle', () => {
    const table = [root, entry(60, 61, { group: 50 }), entry(61, 60)];
    assert.deepEqual(pids(table, { self: 60 }), [50]);
    assert.deepEqual(pids(table), [50, 60, 61]);
  });
});

describe('process table', () => {
  it('reads a stat line whose program has an odd name', () => {
    const fields = ['S', 7, 8, 9, 0, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 20, 0, 1, 0, 4711, 1, 1].join(' ');
    assert.deepEqual(parseProcStat(`42 (a) Z (b c) ${fields}`), {
      pid: 42,
      parent: 7,
      group: 8,
      startedAt: 4711,
      zombie: false,
    });
    assert.equal(parseProcStat('garbage'), undefined);
  });

  it('reads a line of ps', () => {
    assert.deepEqual(parsePsLine('  42     7   8 Ss+  Wed Jun 30 21:49:08 1993\n'), {
      pid: 42,
      parent: 7,
      group: 8,
      startedAt: Date.parse('Wed Jun 30 21:49:08 1993'),
      zombie: false,
    });
    assert.equal(parsePsLine('42 7 8 Z  Wed Jun 30 21:49:08 1993')?.zombie, true);
    assert.equal(parsePsLine(''), undefined);
    assert.equal(parsePsLine('PID PPID'), undefined);
  });

  it('reads what this system’s ps prints about this process', function () {
    if (process.platform === 'win32') this.skip();
    const args = ['-o', 'pid=,ppid=,pgid=,stat=,lstart=', '-p', String(process.pid)];
    const line = execFileSync('ps', args, { encoding: 'utf8', env: { PATH: process.env.PATH, LC_ALL: 'C' } });
    assert.equal(parsePsLine(line)?.parent, process.ppid);
  });
});
