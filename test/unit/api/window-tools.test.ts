import assert from 'node:assert/strict';
import { WindowTools } from '../../../src/host/api/window-tools.ts';
import { windowToolName } from '../../../src/protocol/window-tools.ts';
import { FakeWindow, offeredTool } from '../../support/window-fake.ts';

describe('the tools of windows', () => {
  const never = new AbortController().signal;

  function setup(...names: string[]) {
    const tools = new WindowTools(0);
    const window = new FakeWindow();
    tools.offer(
      window,
      names.map((name) => offeredTool(name)),
    );
    return { tools, window };
  }

  const namesOf = (tools: WindowTools) => [...tools.list().keys()];

  it('have names that providers take, each its own and the same in every window', () => {
    assert.equal(windowToolName('search_files-2'), 'vscode__search_files-2');
    assert.equal(windowToolName('x'.repeat(56)), `vscode__${'x'.repeat(56)}`);
    const changed = ['a.b', 'a/b', 'a b', 'ä', 'x'.repeat(57), 'x'.repeat(58), `${'x'.repeat(60)}y`].map(
      windowToolName,
    );
    for (const name of changed) assert.match(name, /^vscode__[A-Za-z0-9_-]{1,47}_[0-9a-f]{8}$/);
    assert.equal(new Set([...changed, windowToolName('a_b')]).size, changed.length + 1);
    assert.equal(windowToolName('a.b'), 'vscode__a_b_2e7336dc');
  });

  it('are called by the names that VS Code has for them', async () => {
    const { tools, window } = setup('a.b');
    const found = await tools.find(windowToolName('a.b'), never);
    assert.deepEqual(await found?.call({ text: 'x' }, never), { kind: 'done', text: 'a.b ran.' });
    assert.deepEqual(window.called, [{ name: 'a.b', input: { text: 'x' } }]);
    assert.equal(await tools.find('vscode__a.b', never), undefined);
  });

  it('are what a window offered last, and gone with it', async () => {
    const { tools, window } = setup('one', 'two');
    assert.deepEqual(namesOf(tools), ['vscode__one', 'vscode__two']);
    tools.offer(window, [offeredTool('three')]);
    assert.deepEqual(namesOf(tools), ['vscode__three']);
    assert.equal(await tools.find('vscode__one', never), undefined);
    await window.close();
    assert.deepEqual([namesOf(tools), tools.windowCount], [[], 0]);
    assert.equal(await tools.find('vscode__three', never), undefined);
  });

  it('are those of the window that came first, also after it offered anew, then of the next', async () => {
    const { tools, window: first } = setup('one');
    const second = new FakeWindow();
    tools.offer(second, [offeredTool('one', { description: 'Another.' }), offeredTool('two')]);
    tools.offer(first, [offeredTool('one')]);
    const descriptionOf = (name: string) => tools.list().get(name)?.description;
    assert.equal(descriptionOf('vscode__one'), 'Does one.');
    for (const _ of [1, 2]) await (await tools.find('vscode__one', never))?.call({}, never);
    await (await tools.find('vscode__two', never))?.call({}, never);
    assert.deepEqual([first.called.length, second.called.map(({ name }) => name)], [2, ['two']]);
    await first.close();
    assert.equal(descriptionOf('vscode__one'), 'Another.');
    await (await tools.find('vscode__one', never))?.call({}, never);
    assert.equal(second.called.length, 2);
  });

  it('are waited for a little, as while a window reloads', async () => {
    const tools = new WindowTools(60_000);
    const finding = tools.find('vscode__one', never);
    tools.offer(new FakeWindow(), [offeredTool('other')]);
    tools.offer(new FakeWindow(), [offeredTool('one')]);
    assert.equal((await finding)?.tool.name, 'one');
    const stop = new AbortController();
    const ended = tools.find('vscode__absent', stop.signal);
    stop.abort();
    assert.equal(await ended, undefined);
    assert.equal(await tools.find('vscode__absent', stop.signal), undefined);
  });
});
