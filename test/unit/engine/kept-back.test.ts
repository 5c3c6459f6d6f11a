/** Calls that must not run before one that asks a person: kept back with it, over any order of answers and any death. */
import assert from 'node:assert/strict';
import type { Hooks } from '../../../src/host/engine/engage/hooks.ts';
import type { AskedCall, Permission } from '../../../src/host/engine/engage/permissions.ts';
import { type LoopOptions, runLoop, storeTool, waitingTool, worldTool } from '../../support/engine-loop.ts';
import { Crash, MemoryJournal } from '../../support/engine-memory-journal.ts';
import { type WrittenCall, writtenModel } from '../../support/engine-model.ts';

type Said = 'asks' | 'allowed' | 'denied';

/** A person: what was put to them, and what they said, by the text of the call. */
class Person {
  readonly asked = new Set<string>();
  readonly said: Map<string, Said>;

  constructor(said: Iterable<[string, Said]>) {
    this.said = new Map(said);
  }

  async decide({ input }: Pick<AskedCall, 'input'>): Promise<Permission> {
    const { text } = input as { text: string };
    const said = () => this.said.get(text) ?? 'allowed';
    if (said() === 'denied') return { kind: 'denied', reason: `${text} is denied` };
    if (said() === 'allowed') return { kind: 'allowed' };
    return {
      kind: 'ask',
      evaluate: async () => {
        if (said() !== 'asks') return { kind: 'ready' };
        this.asked.add(text);
        return { kind: 'wait', wait: { kind: 'approval', targets: [text], mode: null, wakeInMs: null } };
      },
    };
  }
}

/** One turn that asks for these calls, and what ran of them. */
function turnOf(calls: readonly (readonly [tool: string, text: string])[], person: Person) {
  const journal = new MemoryJournal();
  const log: string[] = [];
  const world = (name: string, effect: 'read' | 'write' | 'exclusive') =>
    worldTool({
      name,
      effect,
      run: async (text) => {
        log.push(`begin ${text}`);
        await Promise.resolve();
        log.push(`end ${text}`);
        return { content: text, isError: false };
      },
    });
  const tools = [
    ...[world('read', 'read'), world('write', 'write'), world('command', 'exclusive'), storeTool('keep')],
    waitingTool('await', (text) => ({ kind: 'result', result: { content: `${text} is there`, isError: false } })),
  ];
  const asked = calls.map(([name, text]): WrittenCall => ({ name, input: { text } }));
  const client = writtenModel([{ calls: asked }, { text: 'Done.' }]);
  const run = (changes: Partial<LoopOptions> = {}) =>
    runLoop({ client, journal, tools, permissions: person, ...changes });
  const ends = () => journal.calls.map(({ end }) => end);
  return { journal, log, run, ends };
}

const asking = (...texts: string[]) => new Person(texts.map((text) => [text, 'asks']));

const ran = (log: readonly string[]) => log.filter((line) => line.startsWith('begin ')).map((line) => line.slice(6));

describe('calls behind one that asks', () => {
  it('are kept back where they could see what it does, and run after it, in the order asked', async () => {
    const person = asking('a');
    const turn = turnOf(
      [
        ['read', 'before'],
        ['write', 'a'],
        ['write', 'b'],
        ['command', 'c'],
        ['keep', 'd'],
      ],
      person,
    );
    assert.deepEqual(await turn.run(), { kind: 'parked', waitsFor: 'approval' });
    assert.deepEqual(
      [ran(turn.log), turn.journal.rows, turn.ends()],
      [['before'], [], ['done', null, null, null, null]],
    );
    assert.ok(!turn.journal.calls.some(({ started }, at) => started && at > 0));
    person.said.set('a', 'allowed');
    assert.equal((await turn.run()).kind, 'end_turn');
    assert.deepEqual([ran(turn.log), turn.journal.rows], [['before', 'a', 'b', 'c'], ['d']]);
  });

  it('run although it was denied, and what does not depend on it never waited', async () => {
    const person = asking('a');
    const turn = turnOf(
      [
        ['write', 'a'],
        ['await', 'child'],
        ['write', 'b'],
        ['read', 'r'],
      ],
      person,
    );
    assert.equal((await turn.run()).kind, 'parked');
    assert.deepEqual([ran(turn.log), turn.ends()], [[], [null, 'done', null, null]]);
    person.said.set('a', 'denied');
    assert.equal((await turn.run()).kind, 'end_turn');
    assert.deepEqual(
      [ran(turn.log), turn.ends()],
      [
        ['b', 'r'],
        ['denied', 'done', 'done', 'done'],
      ],
    );
  });

  it('ask what they have to ask at once, and what was allowed first still runs in its turn', async () => {
    const person = asking('a', 'b', 'd');
    const turn = turnOf(
      [
        ['write', 'a'],
        ['write', 'b'],
        ['command', 'c'],
        ['write', 'd'],
      ],
      person,
    );
    await turn.run();
    assert.deepEqual([...person.asked], ['a', 'b', 'd']);
    for (const text of ['d', 'b']) {
      person.said.set(text, 'allowed');
      assert.equal((await turn.run()).kind, 'parked');
      assert.deepEqual(turn.log, []);
    }
    person.said.set('a', 'allowed');
    await turn.run();
    assert.deepEqual(ran(turn.log), ['a', 'b', 'c', 'd']);
  });

  it('that cannot be asked about are refused, and the rest goes on', async () => {
    const broken = asking('a');
    const { decide } = broken;
    broken.decide = async (asked) => {
      const permission = await decide.call(broken, asked);
      if (permission.kind !== 'ask') return permission;
      return { ...permission, evaluate: () => Promise.reject(new Error('no row')) };
    };
    const turn = turnOf(
      [
        ['write', 'a'],
        ['write', 'b'],
      ],
      broken,
    );
    assert.equal((await turn.run()).kind, 'end_turn');
    assert.deepEqual([ran(turn.log), turn.ends()], [['b'], ['error', 'done']]);
  });

  it('have their hooks asked when they run, unless they ask too: then with what is put to the person', async () => {
    const person = asking('a', 'b', 'b, as hooks left it');
    const looked: string[] = [];
    const hooks: Partial<Hooks> = {
      matches: async () => false,
      beforeTool: async ({ input }) => {
        const { text } = input as { text: string };
        looked.push(`${text} after ${ran(turn.log).join()}`);
        return { kind: 'pass', input: text === 'b' ? { text: 'b, as hooks left it' } : input, runs: [] };
      },
    };
    const turn = turnOf(
      [
        ['write', 'a'],
        ['write', 'b'],
        ['command', 'c'],
      ],
      person,
    );
    await turn.run({ hooks });
    assert.deepEqual(looked, ['a after ', 'b after ']);
    assert.deepEqual([...person.asked], ['a', 'b, as hooks left it']);
    for (const text of person.asked) person.said.set(text, 'allowed');
    await turn.run({ hooks });
    assert.deepEqual(looked.slice(2), ['c after a,b, as hooks left it']);
    assert.deepEqual(ran(turn.log), ['a', 'b, as hooks left it', 'c']);
  });
});

const TOOLS = ['read', 'write', 'command', 'keep', 'await'] as const;
type ToolName = (typeof TOOLS)[number];

/** Whether the second of two calls, in the order asked, must not begin before the first has ended. */
function isOrdered(first: ToolName, second: ToolName): boolean {
  const pair = [first, second];
  if (pair.includes('await')) return false;
  if (pair.includes('command')) return true;
  if (pair.every((name) => name === 'read')) return false;
  return !(pair.includes('keep') && pair.includes('read'));
}

/** The same numbers for the same seed. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

describe('any turn with calls that ask', () => {
  for (const dies of [false, true]) {
    it(`keeps its order, asks all at once and ends, ${dies ? 'over deaths at any write' : 'undisturbed'}`, async () => {
      for (let seed = 1; seed <= 400; seed += 1) await play(seed, dies);
    });
  }

  async function play(seed: number, dies: boolean) {
    const next = numbers(seed);
    const names = Array.from({ length: 2 + next(6) }, () => TOOLS[next(TOOLS.length)] ?? 'read');
    const says = names.map((): Said => (['asks', 'asks', 'allowed', 'denied'] as const)[next(4)] ?? 'asks');
    const person = new Person(says.map((said, at) => [`${at}`, said]));
    const turn = turnOf(
      names.map((name, at) => [name, `${at}`]),
      person,
    );
    const about = `seed ${seed}: ${names.map((name, at) => `${name} ${says[at]}`).join(', ')}; ${turn.log}`;
    const live = async () => {
      while (dies && next(2) === 0) {
        turn.journal.revive({ at: 1 + next(6), when: next(2) === 0 ? 'before' : 'after' });
        try {
          return await turn.run();
        } catch (error) {
          assert.ok(error instanceof Crash, `${about}: ${error}`);
        }
      }
      turn.journal.revive();
      return turn.run();
    };
    const open = names.map(() => false);
    for (const [at, name] of names.entries()) {
      const behind = names.slice(0, at).some((earlier, i) => open[i] && isOrdered(earlier, name));
      open[at] = name !== 'await' && (says[at] === 'asks' || behind);
    }
    let result = await live();
    if (result.kind === 'parked') {
      const askedAbout = says.flatMap((said, at) => (said === 'asks' ? [`${at}`] : []));
      assert.deepEqual([...person.asked].toSorted(), askedAbout, about);
      for (const [at, call] of turn.journal.calls.entries()) {
        if (open[at]) assert.ok(!call.started && call.result === null, `${about}: ${at} has begun`);
        else if (says[at] !== 'asks') assert.ok(call.result, `${about}: ${at} has no result`);
      }
    }
    while (result.kind === 'parked') {
      const pending = [...person.said].filter(([, said]) => said === 'asks').map(([text]) => text);
      const decided = pending[next(pending.length)];
      assert.ok(decided, `${about}: parked, and nothing is asked`);
      person.said.set(decided, next(3) === 0 ? 'denied' : 'allowed');
      result = await live();
    }
    assert.deepEqual(result, { kind: 'end_turn', text: 'Done.' }, about);
    for (const [second, name] of names.entries()) {
      const begin = turn.log.indexOf(`begin ${second}`);
      const before = names.slice(0, second).flatMap((earlier, at) => (isOrdered(earlier, name) ? [`${at}`] : []));
      const late = before.filter((text) => begin >= 0 && turn.log.lastIndexOf(`end ${text}`) > begin);
      // A read that was cut off runs again; what changes something never does.
      assert.deepEqual(late, [], `${about}: ${second} began at ${begin} of ${turn.log}`);
      const times = ran(turn.log).filter((text) => text === `${second}`).length;
      if (name !== 'read' || !dies) assert.ok(times <= 1, `${about}: ${second} ran ${times} times`);
    }
  }
});
