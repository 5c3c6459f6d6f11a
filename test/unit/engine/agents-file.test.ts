/** The workspace's own AGENTS.md: loaded where a person trusts the folder, and fixed with the focus. */
import assert from 'node:assert/strict';
import { mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { agentsFile } from '../../../src/host/engine/focus/agents-file.ts';
import { grantTrust } from '../../../src/host/store/trust/trust.ts';
import { engineDatabase, OPENING_LIMIT_MS } from '../../support/engine-database.ts';
import { openBench } from '../../support/engine-focus.ts';
import { writtenModel } from '../../support/engine-model.ts';

describe('the AGENTS.md of a workspace', () => {
  let workspace: string;

  before(async function () {
    this.timeout(OPENING_LIMIT_MS);
    await engineDatabase();
  });
  beforeEach(() => {
    workspace = realpathSync(mkdtempSync(path.join(tmpdir(), 'animus-agents-')));
  });
  afterEach(() => rmSync(workspace, { recursive: true, force: true }));

  async function opened(isTrusted: boolean) {
    const bench = await openBench();
    if (isTrusted) await grantTrust(bench.db, bench.place, workspace, 'test');
    return { bench, dependencies: bench.dependencies(writtenModel([{ text: 'Done.' }]), { workspace }) };
  }

  async function load(isTrusted = true): Promise<string> {
    const { bench, dependencies } = await opened(isTrusted);
    return agentsFile(dependencies, bench.place);
  }

  it('is read in a trusted folder, and in no other', async () => {
    writeFileSync(path.join(workspace, 'AGENTS.md'), 'Count twice.\n\n');
    assert.equal(await load(), 'Count twice.');
    assert.equal(await load(false), '');
  });

  it('is nothing where there is none, or where it leads out of the workspace', async () => {
    assert.equal(await load(), '');
    symlinkSync('/etc/hostname', path.join(workspace, 'AGENTS.md'));
    assert.equal(await load(), '');
  });

  it('is bounded, and says how much is left', async () => {
    writeFileSync(path.join(workspace, 'AGENTS.md'), 'x'.repeat(40_000));
    const text = await load();
    assert.match(text, /^x{32768}\n\[cut: 7232 more bytes; read_file has the rest\]$/);
  });

  it('comes after the faculty, in the words it had when the focus began', async () => {
    writeFileSync(path.join(workspace, 'AGENTS.md'), 'Count twice.');
    const { bench, dependencies } = await opened(true);
    const id = await bench.submit();
    const client = writtenModel([{ text: 'Done.' }]);
    await bench.run(client, undefined, { ...dependencies, models: bench.dependencies(client).models });
    const system = client.requests[0]?.system.map(({ text }) => text) ?? [];
    assert.equal(system.length, 3);
    assert.equal(system[1], 'Work well.');
    assert.match(
      system[2] ?? '',
      /^# Instructions of the Workspace\n[\s\S]*\n\nCount twice\.\n\n== END OF AGENTS\.md ==$/,
    );
    const { focus } = await bench.look(id);
    assert.deepEqual((focus?.config as { system?: unknown } | null)?.system, system);
  });
});
