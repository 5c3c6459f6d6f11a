/** A person's decision about a call: what it is about by itself, and what is said where it comes too late. */
import assert from 'node:assert/strict';
import { rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import type { ApiContext, Session } from '../../../src/host/api/context.ts';
import { approvalHandlers } from '../../../src/host/api/handlers/approvals.ts';
import { retryLater } from '../../../src/host/engine/focus/ending.ts';
import { moveWork } from '../../../src/host/engine/focus/move.ts';
import { questionHash, shownSubject } from '../../../src/host/engine/permissions/question.ts';
import { resolveSubject } from '../../../src/host/engine/permissions/subject.ts';
import { askApproval } from '../../../src/host/store/approvals/approvals.ts';
import { rulesOfPlace } from '../../../src/host/store/approvals/permission-rules.ts';
import { insertToolCall } from '../../../src/host/store/foci/tool-calls.ts';
import { enrollFirst } from '../../../src/host/store/person/person-keys.ts';
import { AnimusError } from '../../../src/protocol/errors.ts';
import { uuidv7 } from '../../../src/rendezvous/ids.ts';
import { OPENING_LIMIT_MS } from '../../support/engine-database.ts';
import { type Bench, openBench } from '../../support/engine-focus.ts';
import { newPersonKey, proofOf } from '../../support/person.ts';
import { makeWorkspace, removeWorkspaces, type Workspace } from '../tools/workspace.ts';

const key = newPersonKey();

describe('deciding about a call', function () {
  this.timeout(OPENING_LIMIT_MS);

  after(removeWorkspaces);

  async function asked(bench: Bench, about?: { workspace: Workspace; file: string }) {
    await bench.submit();
    const { item, lease } = await bench.claim();
    const [id, callId] = [uuidv7(), uuidv7()];
    const input = about ? { path: about.file } : {};
    const tool = about ? 'read_file' : 'run_command';
    const named = about && (await resolveSubject({ kind: 'path', text: about.file }, about.workspace.root));
    const subject = named
      ? shownSubject(named, { name: tool, changes: false, unruled: 'allow' }, (text) => text)
      : null;
    const call = { id: callId, turn: 1, position: 0, providerCallId: 'a', name: tool, input };
    await bench.db.transaction(async (tx) => {
      await insertToolCall(tx, { id: lease.focusId, workItemId: item.id }, call);
      const of = { workItemId: item.id, focusId: lease.focusId, toolCallId: callId, tool };
      const inputHash = questionHash(tool, input, named ?? null);
      await askApproval(tx, { id, ...of, subject, input, inputHash, preview: null });
    });
    return { id, item, lease };
  }

  type Changes = { decision?: 'allow' | 'deny'; scope?: 'once' | 'focus' | 'rule'; folder?: string };

  async function decide(bench: Bench, id: string, { decision = 'allow', scope = 'once', folder }: Changes = {}) {
    await enrollFirst(bench.db, bench.place, { id: uuidv7(), publicKey: key.publicKey, kind: 'cli', name: 'test' });
    const context = { database: async () => bench.db, place: bench.place, folder: folder ?? '/workspace' };
    const given = { id, decision, scope, pattern: null, reason: '', pid: process.pid } as const;
    const session = { client: { kind: 'cli' }, isOf: () => true, person: proofOf(key) };
    return approvalHandlers['approval/decide'](context as ApiContext, given, session as unknown as Session);
  }

  const refusing =
    (pattern: RegExp, kind = 'wrong_state') =>
    (error: unknown) =>
      error instanceof AnimusError && error.kind === kind && pattern.test(error.message);

  it('is refused where the work was moved, and says that it asks there', async () => {
    const [bench, there] = [await openBench(), await openBench()];
    const { id, item } = await asked(bench);
    await moveWork(bench.db, { id: item.id, to: there.place, from: 'mill:/a', target: 'mill:/b', by: 'a test' });
    await assert.rejects(decide(bench, id), refusing(/was moved.*asks there.*Nothing was changed/));
  });

  it('is refused where the attempt that asked is over', async () => {
    const bench = await openBench();
    const { id, lease } = await asked(bench);
    await retryLater(bench.db, lease, 60_000, { kind: 'test', message: 'It failed.' });
    await assert.rejects(decide(bench, id), refusing(/attempt.*is over.*Nothing was changed/));
  });

  it('holds once it is made, and the same one again is one', async () => {
    const bench = await openBench();
    const { id } = await asked(bench);
    assert.equal((await decide(bench, id)).decided, 1);
    const { approval, decided } = await decide(bench, id);
    assert.deepEqual([approval.state, decided], ['allowed', 0]);
  });

  async function askedThroughLink() {
    const [bench, workspace] = [await openBench(), makeWorkspace({ 'AGENTS.md': 'x', 'other.md': 'y' })];
    const folder = workspace.root;
    const link = (target: string, name: string) => symlinkSync(target, path.join(folder, name));
    link('AGENTS.md', 'CLAUDE.md');
    const rules = async () => (await rulesOfPlace(bench.db, bench.place)).map(({ pattern }) => pattern);
    return { bench, workspace, folder, link, rules };
  }

  it('for all work from now on is about a path by its link and by where that leads', async () => {
    for (const decision of ['allow', 'deny'] as const) {
      const { bench, workspace, folder, rules } = await askedThroughLink();
      const { id } = await asked(bench, { workspace, file: 'CLAUDE.md' });
      const { approval, decided } = await decide(bench, id, { decision, scope: 'rule', folder });
      assert.deepEqual([decided, approval.pattern], [1, 'read_file(/{CLAUDE.md,AGENTS.md})']);
      assert.deepEqual(await rules(), [approval.pattern]);
    }
  });

  it('allows no more than this call where the path leads out of the workspace, and says why', async () => {
    const { bench, workspace, folder, link, rules } = await askedThroughLink();
    link('../outside', 'out');
    const { id } = await asked(bench, { workspace, file: 'out/o.txt' });
    for (const scope of ['focus', 'rule'] as const) {
      const why = refusing(/leads out of the workspace.*Nothing was decided/, 'bad_pattern');
      await assert.rejects(decide(bench, id, { scope, folder }), why);
    }
    assert.equal((await decide(bench, id, { folder })).approval.pattern, null);
    const { id: other } = await asked(bench, { workspace, file: 'out/p.txt' });
    await decide(bench, other, { decision: 'deny', scope: 'rule', folder });
    assert.deepEqual(await rules(), ['read_file(/out/p.txt)']);
  });

  it('makes no rule about a file that its link came to lead to after the question', async () => {
    const { bench, workspace, folder, link, rules } = await askedThroughLink();
    const { id } = await asked(bench, { workspace, file: 'CLAUDE.md' });
    rmSync(path.join(folder, 'CLAUDE.md'));
    link('other.md', 'CLAUDE.md');
    const why = refusing(/leads elsewhere by now.*Nothing was decided/, 'bad_pattern');
    await assert.rejects(decide(bench, id, { scope: 'rule', folder }), why);
    assert.deepEqual(await rules(), []);
    assert.equal((await decide(bench, id, { folder })).approval.pattern, null);
  });
});
