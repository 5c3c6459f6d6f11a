import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { UnsavedNotes } from '../../../src/extension/host/unsaved-notes.ts';
import { UNSAVED_FILES_MAX } from '../../../src/protocol/requests.ts';
import { FakeConnection, FakeHost } from '../../support/vscode-fakes.ts';

describe('what this window tells of its unsaved files', () => {
  function setup() {
    const host = new FakeHost({ 'editor/unsaved': () => ({}) });
    const fake = new FakeConnection(host);
    const log: string[] = [];
    const open: string[] = [];
    const notes = new UnsavedNotes({
      connection: fake.connection,
      list: () => open,
      pid: 4711,
      log: (_level, message) => log.push(message),
    });
    const told = async (count: number) => {
      for (let tries = 0; host.askedFor('editor/unsaved').length < count && tries < 200; tries += 1) await sleep(5);
      return (host.askedFor('editor/unsaved') as { pid: number; paths: string[] }[]).map(({ paths }) => paths);
    };
    return { host, fake, log, open, notes, told };
  }

  it('is told when a file gets changes and when it has none any more, not letter by letter', async () => {
    const { open, notes, told } = setup();
    open.push('/w/a.ts');
    for (let letter = 0; letter < 20; letter += 1) notes.changed();
    assert.deepEqual(await told(1), [['/w/a.ts']]);
    for (let letter = 0; letter < 20; letter += 1) notes.changed();
    await sleep(100);
    open.pop();
    notes.changed();
    assert.deepEqual(await told(2), [['/w/a.ts'], []]);
    notes.dispose();
  });

  it('is told to each new host', async () => {
    const { host, fake, open, notes, told } = setup();
    open.push('/w/a.ts');
    notes.changed();
    await told(1);
    fake.become({ kind: 'down', message: '' });
    fake.become({ kind: 'ready', client: host.client });
    assert.deepEqual(await told(2), [['/w/a.ts'], ['/w/a.ts']]);
    notes.dispose();
  });

  it('is in the log where the host refused it or it was more than is told, and is told at the next change', async () => {
    const { host, log, open, notes, told } = setup();
    const answer = host.answers['editor/unsaved'];
    host.answers['editor/unsaved'] = () => {
      throw new Error('refused');
    };
    open.push(...Array.from({ length: UNSAVED_FILES_MAX + 1 }, (_, n) => `/w/${n}.ts`));
    notes.changed();
    for (let tries = 0; log.length === 0 && tries < 200; tries += 1) await sleep(5);
    assert.match(log[0] ?? '', /not told what is unsaved.*refused/);
    assert.ok(answer);
    host.answers['editor/unsaved'] = answer;
    notes.changed();
    assert.equal((await told(2)).at(-1)?.length, UNSAVED_FILES_MAX);
    for (let tries = 0; log.length < 2 && tries < 200; tries += 1) await sleep(5);
    assert.match(log[1] ?? '', /500 unsaved files only, and 501 are/);
    notes.dispose();
  });
});
