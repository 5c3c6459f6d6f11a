import assert from 'node:assert/strict';
import path from 'node:path';
import type { FocusContextView } from '../../src/protocol/focus.ts';
import { CliSandbox } from '../support/cli-sandbox.ts';
import { writeHook } from '../support/engine-hooks.ts';

const call = (name: string, input: object) => ({ name, input });

const LOOKS = {
  name: 'looks',
  turns: [
    { text: 'I read it.', tool_calls: [call('read_file', { path: 'herons.txt' })] },
    {
      tool_calls: [
        call('ledger_append', { entry_type: 'finding', content: 'Herons sleep.' }),
        call('ledger_append', { entry_type: 'step', content: 'Read about herons.' }),
      ],
    },
    { tool_calls: [call('recall_step', { seq: 2 })] },
    { tool_calls: [call('report_outcome', { success: true, summary: 'Asked them.' })] },
    { text: 'Done.' },
  ],
};

describe('animus focus context', () => {
  let sandbox: CliSandbox;
  beforeEach(() => {
    sandbox = new CliSandbox();
  });
  afterEach(() => sandbox.remove());

  it('[eng-15] shows what the model saw at a turn, with the stub of what it had left behind', async () => {
    sandbox.write({ 'herons.txt': 'A heron stands.\n'.repeat(700), 'AGENTS.md': 'Count twice.\n' });
    const env = { ANIMUS_MODEL: sandbox.script(LOOKS) };
    const { item, foci } = await sandbox.json<{ item: { id: string }; foci: { id: string }[] }>(
      ['work', 'submit', '--trust', '--wait', 'Ask the herons.'],
      { env },
    );
    const focus = foci[0]?.id ?? '';
    const at = (turn: number) => sandbox.json<FocusContextView>(['focus', 'context', focus, '--turn', String(turn)]);
    const second = await at(2);
    assert.match(second.system.at(-1) ?? '', /# Instructions of the Workspace[\s\S]*\n\nCount twice\.\n\n/);
    assert.ok(JSON.stringify(second.messages).includes('A heron stands.'));
    const third = await at(3);
    assert.deepEqual(
      third.messages.map(({ role }) => role),
      ['user'],
    );
    assert.deepEqual(
      third.messages[0]?.content.slice(1).map(({ text }) => text),
      ['[completed step 2: Read about herons.]\n[1] finding: Herons sleep.'],
    );
    assert.ok(third.tokens < second.tokens);
    const recalled = JSON.stringify((await at(4)).messages.at(-1));
    assert.ok(recalled.includes('--- turn 1, you\\nI read it.'));
    const newest = await sandbox.animus(['focus', 'context', item.id.slice(-8)]);
    assert.equal(newest.code, 0);
    assert.match(newest.stdout, /^=== system\n# Your Focus\n[\s\S]*\n=== tools\nreport_outcome, ledger_append, /);
    assert.match(newest.stdout, /\n=== user\n\[completed step 2: Read about herons\.\]\n/);
    assert.match(newest.stdout, /\n=== assistant, call \S+\nrecall_step \{"seq":2\}\n/);
    const beyond = await sandbox.animus(['focus', 'context', focus, '--turn', '7']);
    assert.equal(beyond.code, 2);
    assert.match(beyond.stderr, /has no turn 7: it has 5\.\n {2}Give --turn 1 to 6/);
  });

  it('[hook-3] shows the request of a turn as hooks had it', async () => {
    const answer = (patch: object) => `echo '${JSON.stringify({ action: 'modify', patch })}'`;
    const first = { command: answer({ system: 'Be a crane.' }), events: ['BeforeLLMCall'], priority: 1 };
    const second = { command: answer({ system: 'Be a heron.', messages: ['Stand.'] }), events: ['BeforeLLMCall'] };
    writeHook(path.join(sandbox.home, 'hooks'), 'first', first);
    writeHook(path.join(sandbox.home, 'hooks'), 'second', { ...second, priority: 2 });
    const env = { ANIMUS_MODEL: sandbox.script({ name: 'one', turns: [{ text: 'Done.' }] }) };
    const { item } = await sandbox.json<{ item: { id: string } }>(['work', 'submit', '--trust', '--wait', 'Go.'], {
      env,
    });
    const { system, messages } = await sandbox.json<FocusContextView>(['focus', 'context', item.id, '--turn', '1']);
    assert.deepEqual(system, ['Be a heron.']);
    assert.match(JSON.stringify(messages), /Stand\./);
  });
});
