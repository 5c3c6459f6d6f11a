/** A file that is broken in the middle of a turn, as an editor leaves it that has saved half of it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { HookDecision } from '../../../src/host/engine/engage/hooks.ts';
import type { HookCatalogue } from '../../../src/host/engine/hooks/catalogue.ts';
import { askedAbout, hooksIn, NO_DATABASE, writeHook } from '../../support/engine-hooks.ts';
import { runLoop, worldTool } from '../../support/engine-loop.ts';
import { Crash, MemoryJournal } from '../../support/engine-memory-journal.ts';
import { writtenModel } from '../../support/engine-model.ts';

const never = new AbortController().signal;
const decided = ({ event, hook, outcome, reason }: HookDecision) => [event, hook, outcome, reason];

function saveHalf(folder: string, catalogue: HookCatalogue) {
  writeFileSync(path.join(folder, 'HOOK.md'), '---\nname: guard\ndescription: half\n');
  return catalogue.refresh(NO_DATABASE);
}

describe('a hook whose file breaks', () => {
  let home = '';
  let root = '';
  beforeEach(() => {
    home = mkdtempSync(path.join(tmpdir(), 'animus-hooks-'));
    root = path.join(home, 'hooks');
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  it('[hook-4] blocks the calls that are left, marks what ran, and guards again once it is mended', async () => {
    const folder = writeHook(root, 'guard', { command: `echo '{"action":"block","reason":"no"}'` });
    const { hooks, catalogue } = hooksIn(home);
    const asked = askedAbout('act');
    const ran = { ...asked, result: { content: 'raw', isError: false }, durationMs: 1 };
    assert.equal((await hooks.beforeTool(asked, never)).kind, 'block');
    assert.equal(await hooks.matches('AfterToolCall', 'act'), false);

    const { problems } = await saveHalf(folder, catalogue);
    const why = `The hook guard cannot be read, and it may be a guard. ${problems[0]?.message} ${problems[0]?.next}`;
    const left = await hooks.beforeTool(asked, never);
    assert.ok(left.kind === 'block');
    assert.equal(left.reason, why);
    assert.deepEqual(left.runs.map(decided), [['BeforeToolCall', 'guard', 'blocked', why]]);
    for (const event of ['BeforeLLMCall', 'BeforeToolCall', 'AfterToolCall'] as const) {
      assert.equal(await hooks.matches(event, 'act'), true, event);
    }
    const after = await hooks.afterTool(ran, never);
    assert.deepEqual(after.result, { content: `raw\n[${why}]`, isError: false });
    assert.deepEqual(after.runs.map(decided), [['AfterToolCall', 'guard', 'marked', why]]);
    assert.equal(await hooks.matches('AfterTurn', 'a/b'), false);

    writeHook(root, 'guard', { command: 'true' });
    await catalogue.refresh(NO_DATABASE);
    assert.equal((await hooks.beforeTool(asked, never)).kind, 'pass');
  });

  for (const cut of [undefined, { at: 2, when: 'before' as const }]) {
    const when = cut ? 'of a host that goes on with it' : 'that is under way';
    it(`[hook-4] lets none of the calls run of a turn ${when}`, async () => {
      const folder = writeHook(root, 'guard', { command: `echo '{"action":"block","reason":"no"}'`, matcher: 'act' });
      const { hooks, catalogue } = hooksIn(home);
      const ran: string[] = [];
      const act = worldTool({
        name: 'act',
        effect: 'write',
        run(text) {
          ran.push(text);
          return { content: text, isError: false };
        },
      });
      const calls = [{ name: 'act', input: { text: 'x' } }];
      const client = writtenModel(() => ({ calls, after: saveHalf(folder, catalogue) }));
      const journal = new MemoryJournal();
      journal.revive(cut);
      const live = () => runLoop({ client, journal, tools: [act], hooks: bound(hooks) });
      const first = live();
      if (cut) {
        await assert.rejects(first, Crash);
        assert.deepEqual([journal.calls.map(({ result }) => result), ran], [[null], []]);
        journal.revive();
      }
      const result = await (cut ? live() : first);
      assert.deepEqual([ran, journal.calls.map(({ end }) => end), client.requests.length], [[], ['blocked'], 1]);
      assert.match(journal.calls[0]?.result?.content ?? '', /^The hook guard cannot be read, and it may be a guard\. /);
      assert.equal(result.kind, 'blocked');
    });
  }
});

/** The loop takes hooks apart. */
function bound(hooks: ReturnType<typeof hooksIn>['hooks']) {
  return {
    matches: hooks.matches.bind(hooks),
    beforeTool: hooks.beforeTool.bind(hooks),
    afterTool: hooks.afterTool.bind(hooks),
    beforeModel: hooks.beforeModel.bind(hooks),
    afterTurn: hooks.afterTurn.bind(hooks),
  };
}
