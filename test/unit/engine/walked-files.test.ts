/** Tools that go over files give none that read_file would not give without a question. */
import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import path from 'node:path';
import { CallPermissions, type WhenAsked } from '../../../src/host/engine/permissions/call-permissions.ts';
import { decideCall } from '../../../src/host/engine/permissions/decide-approval.ts';
import { exactPattern } from '../../../src/host/engine/permissions/exact-pattern.ts';
import { fileRulesOf } from '../../../src/host/engine/permissions/file-rules.ts';
import { parsePattern } from '../../../src/host/engine/permissions/pattern.ts';
import { storedSubject } from '../../../src/host/engine/permissions/question.ts';
import { personRule, type Rule, ruledTool, ruleOn } from '../../../src/host/engine/permissions/rules.ts';
import { resolveSubject } from '../../../src/host/engine/permissions/subject.ts';
import { leavingOut, nothingLeftOut } from '../../../src/host/engine/tools/left-out.ts';
import { listFiles } from '../../../src/host/engine/tools/list-files.ts';
import { readFile } from '../../../src/host/engine/tools/read-file.ts';
import { searchText } from '../../../src/host/engine/tools/search-text.ts';
import { pendingApprovals } from '../../../src/host/store/approvals/approvals.ts';
import { insertRule } from '../../../src/host/store/approvals/permission-rules.ts';
import { uuidv7 } from '../../../src/rendezvous/ids.ts';
import { engineDatabase, OPENING_LIMIT_MS } from '../../support/engine-database.ts';
import { type Bench, type FacultyKeys, facultyOf, openBench } from '../../support/engine-focus.ts';
import { type WrittenCall, writtenModel } from '../../support/engine-model.ts';
import { makeWorkspace, removeWorkspaces, type Workspace } from '../tools/workspace.ts';

const FILES = {
  'src/a.ts': 'the word is heron\n',
  'secrets/key.txt': 'the word is hunter2\n',
  'secrets/public/note.txt': 'the word is open\n',
  'drafts/d.txt': 'the word is draft\n',
};

type Setting = {
  permissions?: FacultyKeys['permissions'];
  whenAsked?: WhenAsked;
  isOfWorkspace?: boolean;
  workspace?: Workspace;
};

const search = (input: Record<string, string> = {}): WrittenCall => ({
  name: 'search_text',
  input: { pattern: 'the word', ...input },
});
const list = (input: Record<string, string> = {}): WrittenCall => ({ name: 'list_files', input });

describe('tools that go over files', function () {
  this.timeout(OPENING_LIMIT_MS);
  let bench: Bench;

  before(engineDatabase);
  beforeEach(async () => {
    bench = await openBench();
  });
  after(removeWorkspaces);

  /** What the calls of one turn gave; the turn may be parked. */
  async function results(calls: readonly WrittenCall[], setting: Setting = {}, id?: string): Promise<string[]> {
    const { permissions = {}, whenAsked = 'wait', isOfWorkspace = false, workspace = makeWorkspace(FILES) } = setting;
    const work = id ?? (await bench.submit());
    const faculty = facultyOf({ permissions });
    await bench.run(writtenModel([{ calls }, { text: 'Done.' }]), faculty, {
      workspace: workspace.root,
      workspaceTools: [searchText, listFiles, readFile],
      permissionsOf: ({ item, focus }) =>
        new CallPermissions({
          db: bench.db,
          context: { ...workspace.context(), workItemId: item.id, focusId: focus.id },
          faculty: faculty.permissions,
          isOfWorkspace,
          whenAsked,
          redact: (text) => text,
        }),
    });
    return (await bench.look(work)).calls.map(({ result }) => result?.content ?? '');
  }

  it('leave out what may not be read, wherever they begin, and say how much and by which rule', async () => {
    const permissions = { deny: ['read_file(secrets/**)'] };
    const reason = '(deny = "read_file(secrets/**)")]';
    const [all, globbed, inside, one, named] = await results(
      [
        search(),
        search({ glob: 'secrets/**' }),
        search({ path: 'secrets' }),
        search({ path: 'secrets/key.txt' }),
        list(),
      ],
      { permissions },
    );
    assert.equal(
      all,
      `drafts/d.txt:1: the word is draft\nsrc/a.ts:1: the word is heron\n[left out: 2 files that may not be read ${reason}`,
    );
    for (const given of [globbed, inside]) {
      assert.equal(given, `[no line matches]\n[left out: 2 files that may not be read ${reason}`);
    }
    assert.equal(one, `[no line matches]\n[left out: 1 file that may not be read ${reason}`);
    assert.equal(named, `drafts/d.txt\nsrc/a.ts\n[left out: 2 files that may not be read ${reason}`);
  });

  it('leave out what the rules of the tool itself refuse, and refuse a call that begins there', async () => {
    const permissions = { deny: ['search_text(secrets/**)', 'list_files(secrets/**)'] };
    const [all, inside, named, insideNamed] = await results(
      [search(), search({ path: 'secrets' }), list({ glob: '*.txt' }), list({ path: 'secrets' })],
      { permissions },
    );
    assert.match(all ?? '', /left out: 2 files that may not be read \(deny = "search_text\(secrets\/\*\*\)"\)/);
    assert.ok(!all?.includes('hunter2'));
    for (const refused of [inside, insideNamed]) assert.match(refused ?? '', /is not permitted here: deny = /);
    assert.match(named ?? '', /^drafts\/d\.txt\n\[left out: 2 files/);
  });

  it('show the name of what asks to be read, and nothing that is in it', async () => {
    const permissions = { ask: ['read_file(secrets/**)'] };
    const [found, named] = await results([search(), list({ path: 'secrets' })], { permissions });
    assert.match(
      found ?? '',
      /\n\[left out: 2 files that a person has to allow first, one by one \(ask = "read_file\(secrets\/\*\*\)"\)\]$/,
    );
    assert.ok(!found?.includes('hunter2'));
    assert.equal(named, 'secrets/key.txt\nsecrets/public/note.txt');
  });

  it('give what a more specific rule allows, and a link only where both its names may be read', async () => {
    const workspace = makeWorkspace(FILES);
    symlinkSync('../secrets/key.txt', path.join(workspace.root, 'src/link.txt'));
    symlinkSync('../secrets/public/note.txt', path.join(workspace.root, 'src/open.txt'));
    const permissions = { deny: ['read_file(secrets/**)'], allow: ['read_file(secrets/public/**)'] };
    const [found, named] = await results([search({ path: 'secrets' }), list()], { permissions, workspace });
    assert.match(found ?? '', /^secrets\/public\/note\.txt:1: the word is open\n\[left out: 1 file /);
    assert.match(named ?? '', /^drafts\/d\.txt\nsecrets\/public\/note\.txt\nsrc\/a\.ts\n\[left out: 3 /);
  });

  it('give what was asked about with the call, and no more', async () => {
    const permissions = { ask: ['search_text(drafts/**)', 'list_files', '*(secrets/**)'] };
    const calls = [search(), search({ path: 'drafts' }), list(), search({ path: 'secrets' })];
    const workspace = makeWorkspace(FILES);
    const id = await bench.submit();
    const before = await results(calls, { permissions, workspace }, id);
    assert.match(before[0] ?? '', /^src\/a\.ts:1: the word is heron\n\[left out: 3 files that a person has to allow/);
    assert.deepEqual(before.slice(1), ['', '', '']);
    for (const approval of await pendingApprovals(bench.db, bench.place, 10)) {
      const decision = { verdict: 'allow', scope: 'once', pattern: null, reason: null, by: 'cli' } as const;
      await decideCall(bench.db, approval, decision, { workspace: workspace.root, rulesOf: () => [] });
    }
    const [, drafts, named, secrets] = await results(calls, { permissions, workspace }, id);
    assert.equal(drafts, 'drafts/d.txt:1: the word is draft');
    assert.match(named ?? '', /^drafts\/d\.txt\nsrc\/a\.ts\n\[left out: 2 files that a person has to allow first/);
    assert.match(secrets ?? '', /^secrets\/key\.txt:1: the word is hunter2\nsecrets\/public\/note\.txt:1: [^[]*$/);
  });

  it('give by an answer for the focus or as a rule what they give by one for once', async () => {
    const calls = [search(), list(), search({ path: 'src' })];
    for (const ask of [['search_text', 'list_files'], ['*']]) {
      const permissions = { ask: [...ask, '*(drafts/**)'], deny: ['read_file(secrets/**)'] };
      const given = [];
      for (const scope of ['once', 'focus', 'rule'] as const) {
        const workspace = makeWorkspace(FILES);
        bench = await openBench();
        const id = await bench.submit();
        assert.deepEqual(await results(calls, { permissions, workspace }, id), ['', '', '']);
        for (const approval of await pendingApprovals(bench.db, bench.place, 10)) {
          const subject = await resolveSubject(storedSubject(approval), workspace.root);
          const parsed = exactPattern(approval.tool, subject, 'all');
          assert.ok(parsed.kind === 'pattern');
          const pattern = scope === 'once' ? null : parsed.pattern;
          const decision = { verdict: 'allow', scope, pattern, reason: null, by: 'cli' } as const;
          await decideCall(bench.db, approval, decision, { workspace: workspace.root, rulesOf: () => [] });
        }
        given.push(await results(calls, { permissions, workspace }, id));
      }
      const [once = [], ...others] = given;
      const [found, named, inside] = once;
      assert.match(found ?? '', /^src\/a\.ts:1: the word is heron\n\[left out: 2 files that may not.*, 1 file that a/);
      assert.match(named ?? '', /^src\/a\.ts\n\[left out: 2 files that may not be read, 1 file that a person/);
      assert.equal(inside, 'src/a.ts:1: the word is heron');
      assert.deepEqual(others, [once, once], ask.join());
    }
  });

  it('give what a faculty allows of a folder, where it asks about all else', async () => {
    const permissions = { allow: ['search_text(src)'], ask: ['search_text', 'search_text(src/own/**)'] };
    const workspace = makeWorkspace({ ...FILES, 'src/own/b.ts': 'the word is own' });
    const [found] = await results([search({ path: 'src' })], { permissions, workspace });
    assert.match(found ?? '', /^src\/a\.ts:1: the word is heron\n\[left out: 1 file that a person .*src\/own/);
  });

  it('hold to what a person refused, whatever a faculty that came with the files allows', async () => {
    const rule = { id: uuidv7(), place: bench.place, focusId: null, pattern: 'read_file(secrets/**)' };
    await bench.db.transaction((tx) => insertRule(tx, { ...rule, decision: 'deny', createdBy: 'cli' }));
    const permissions = { allow: ['read_file(secrets/public/**)'] };
    const [brought] = await results([search({ path: 'secrets' })], { permissions, isOfWorkspace: true });
    assert.match(brought ?? '', /^\[no line matches\]\n\[left out: 2 files/);
    const [own] = await results([search({ path: 'secrets' })], { permissions });
    assert.match(own ?? '', /^secrets\/public\/note\.txt:1: .*\n\[left out: 1 file /);
  });

  it('go by the policy where nobody is there to be asked', async () => {
    const permissions = { ask: ['read_file(secrets/**)'] };
    const [allowed] = await results([search({ path: 'secrets' })], { permissions, whenAsked: 'allow' });
    assert.match(allowed ?? '', /hunter2/);
    const [denied] = await results([search({ path: 'secrets' })], { permissions, whenAsked: 'deny' });
    assert.match(denied ?? '', /^\[no line matches\]\n\[left out: 2 files/);
  });
});

const NAMES = ['a', 'b', 'secrets'];
const PATTERNS = [
  ...['read_file', 'search_text', '*', 'read_file(**)', 'search_text(a/**)', 'read_file(a/**)', '*(secrets/**)'],
  ...[
    'read_file(secrets/a)',
    'read_file(/a)',
    'read_file(a)',
    'search_text({a,b}/*)',
    'read_file(b/**/a)',
    're*(b/**)',
  ],
  ...['read_file(//a/**)', 'run_command(a)'],
];

/** The same numbers for the same seed. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function anyRules(next: (below: number) => number): Rule[] {
  const pick = <T>(from: readonly T[]): T => from[next(from.length)] as T;
  return Array.from({ length: next(6) }, (): Rule => {
    const parsed = parsePattern(pick(PATTERNS));
    assert.ok(parsed.kind === 'pattern');
    const from = pick(['faculty', 'workspace', 'person'] as const);
    return { verdict: pick(['allow', 'ask', 'deny'] as const), pattern: parsed.pattern, from };
  });
}

/** What a path is asked by, under each of its names. */
function pathOf(...names: (readonly string[])[]) {
  const text = names[0]?.join('/') || '.';
  return { kind: 'path' as const, text, names: names.map((segments) => ({ segments, isOutside: false })) };
}

/** Up to three names below a folder. */
function anyName(next: (below: number) => number, folder: readonly string[] = []): string[] {
  return [...folder, ...Array.from({ length: 1 + next(3) }, () => NAMES[next(NAMES.length)] ?? '')];
}

describe('what is left out', () => {
  const [search, read] = [ruledTool(searchText), ruledTool(readFile)];

  it('is what a call about that file alone would not get, whatever the rules', () => {
    let left = 0;
    for (let seed = 1; seed <= 3000; seed += 1) {
      const next = numbers(seed);
      const rules = anyRules(next);
      const names = Array.from({ length: 1 + next(2) }, () => anyName(next));
      const subject = pathOf(...names);
      // A call whose own question nobody answered, so that none counts as answered.
      const fileRules = fileRulesOf(rules, search, null, 'left out');
      const unanswered = {
        ...fileRules,
        ...{ reading: fileRules.reading.map(plain), own: fileRules.own.map(plain) },
      };
      const counts = nothingLeftOut();
      const isLeftOut = leavingOut(unanswered, 'content', counts)(names.map((segments) => segments.join('/')));
      const verdicts = [read, search].map((tool) => ruleOn(rules, tool, subject).verdict);
      const about = `seed ${seed}: ${JSON.stringify(rules)} of ${subject.text}`;
      assert.equal(
        isLeftOut,
        verdicts.some((verdict) => verdict !== 'allow'),
        about,
      );
      assert.equal(counts.refused, verdicts.includes('deny') ? 1 : 0, about);
      if (isLeftOut) left += 1;
    }
    assert.ok(left > 300 && left < 2700, `${left} of 3000: the rules say too little`);
  });

  it('is not what only the rules ask about that the call itself was asked by, or would have been', () => {
    const seen = { left: 0, answered: 0, approved: 0 };
    for (let seed = 1; seed <= 6000; seed += 1) {
      const next = numbers(seed);
      const rules = anyRules(next);
      const folder = next(2) === 0 ? [] : anyName(next);
      const [start, file] = [pathOf(folder), anyName(next, folder)];
      const verdict = ruleOn(rules, search, start).verdict;
      if (verdict === 'deny') continue;
      const asksStart = (text: string) => {
        const rule = rules.find(({ verdict: own, pattern }) => own === 'ask' && pattern.text === text);
        return rule !== undefined && ruleOn([rule], search, start).verdict === 'ask';
      };
      const expected = [read, search].map((tool) => {
        const ruling = ruleOn(rules, tool, pathOf(file));
        const [, text] = /^ask = "(.*)" \(/.exec(ruling.reason) ?? [];
        if (text === undefined || !asksStart(text)) return ruling.verdict;
        seen.answered += 1;
        return 'allow';
      });
      const about = `seed ${seed}: ${JSON.stringify(rules)} of ${file.join('/')} from ${start.text}`;
      const given = (by: readonly Rule[]) => {
        const counts = nothingLeftOut();
        leavingOut(fileRulesOf(by, search, start, 'left out'), 'content', counts)([file.join('/')]);
        return counts;
      };
      const { refused, asking } = given(rules);
      assert.equal(refused, expected.includes('deny') ? 1 : 0, about);
      assert.equal(asking, !expected.includes('deny') && expected.includes('ask') ? 1 : 0, about);
      seen.left += refused + asking;
      const exact = exactPattern('search_text', start, 'all');
      assert.ok(exact.kind === 'pattern');
      const allowed = [...rules, ...personRule({ decision: 'allow', pattern: exact.pattern.text })];
      if (verdict !== 'ask' || ruleOn(allowed, search, start).verdict !== 'allow') continue;
      seen.approved += 1;
      assert.deepEqual(given(allowed), given(rules), `${about}: for once, and as a rule`);
    }
    assert.ok(seen.left > 300 && seen.answered > 300 && seen.approved > 300, JSON.stringify(seen));
  });

  const plain = <T extends { isAnswered: boolean }>(rule: T): T => ({ ...rule, isAnswered: false });
});
