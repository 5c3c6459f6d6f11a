/** Faculties that a workspace brings along: what a person accepted of them is used, and nothing else. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { folderStamp, readFolderContent } from '../../../src/host/engine/acceptance/folder-content.ts';
import { FacultyCatalogue } from '../../../src/host/engine/faculties/catalogue.ts';
import { folderOf, folderVariables } from '../../../src/host/engine/faculties/faculty-folder.ts';
import { startsOf } from '../../../src/host/engine/faculties/powers.ts';
import { type Faculty, FOLDER_MARK } from '../../../src/host/engine/faculties/schema.ts';

describe('faculties of a workspace', () => {
  let root: string;
  let faculties: FacultyCatalogue;
  /** Newest first. */
  let accepted: string[];

  beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), 'animus-faculties-'));
    accepted = [];
    faculties = new FacultyCatalogue({
      bundled: path.join(root, 'bundled'),
      personal: path.join(root, 'personal'),
      workspace: path.join(root, 'workspace'),
      accepted: path.join(root, 'accepted'),
    });
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function write(file: string, text: string): string {
    const absolute = path.join(root, file);
    mkdirSync(path.dirname(absolute), { recursive: true });
    writeFileSync(absolute, text);
    return absolute;
  }

  const faculty = (name: string, more = '') => `[faculty]\nname = "${name}"\ndescription = "About ${name}."\n${more}\n`;
  const learn = (isTrusted = true) => {
    const folders = accepted.map((hash) => {
      return { name: 'faculties', hash, acceptedBy: 'cli', acceptedAt: new Date(0) };
    });
    faculties.learn({ isTrusted, folders });
  };
  const present = () => {
    faculties.refresh();
    return faculties.list().workspace?.present;
  };
  const accept = () => {
    const hash = present()?.hash ?? '';
    assert.equal(faculties.keep(hash), true);
    accepted.unshift(hash);
    learn();
  };
  const find = (name: string): Faculty => {
    faculties.refresh();
    const found = faculties.find(name);
    assert.ok(found.kind === 'found', found.kind);
    return found.faculty;
  };
  const verifyOf = (name: string) => find(name).consolidate.verify;
  const problems = () => faculties.list().problems.map(({ message }) => message);

  it('[S7] are named and not read where the folder is not trusted', () => {
    write('bundled/general.toml', faculty('general'));
    write('workspace/general.toml', faculty('general', 'orient.command = "touch /tmp/owned"'));
    // It is no TOML: whoever reads it has something to say of it.
    write('workspace/evil.toml', 'not toml');
    learn(false);
    const { state, hash, names, problems: wrong } = present() ?? assert.fail();
    assert.deepEqual([state, hash, names, wrong], ['untrusted', null, ['evil', 'general'], []]);
    assert.equal(find('general').orient.command, null);
    assert.deepEqual(faculties.find('evil'), { kind: 'unaccepted' });
  });

  it('[S7] are not used before they are accepted, by name nor by alias', () => {
    write('bundled/general.toml', faculty('general'));
    write('workspace/own.toml', faculty('own', 'accepts = ["mine"]\nconsolidate.verify = "true"'));
    write('workspace/broken.toml', 'not toml');
    learn();
    assert.deepEqual([present()?.state, present()?.names], ['new', ['own']]);
    assert.deepEqual(
      faculties.list().faculties.map(({ name }) => name),
      ['general'],
    );
    assert.deepEqual(faculties.find('own'), { kind: 'unaccepted' });
    assert.deepEqual(faculties.find('mine'), { kind: 'unaccepted' });
    assert.equal(faculties.find('broken').kind, 'broken');
    assert.equal(faculties.find('other').kind, 'unknown');
    const wrong = () => faculties.list().problems.map(({ file }) => path.relative(root, file));
    assert.deepEqual(wrong(), ['workspace/broken.toml']);
    accept();
    assert.deepEqual(wrong(), ['workspace/broken.toml'], 'told once, of the file that a person corrects');
  });

  it('are used from their copy once they are accepted, with their prompts and all that lies beside them', () => {
    write('workspace/own.toml', faculty('own', 'engage.system_prompt_file = "prompts/own.md"'));
    write('workspace/prompts/own.md', 'Look twice.');
    chmodSync(write('workspace/check.sh', 'exit 0'), 0o755);
    learn();
    accept();
    assert.equal(present()?.state, 'accepted');
    const own = find('own');
    assert.deepEqual([own.origin, own.prompt], ['workspace', 'Look twice.']);
    assert.equal(folderOf(own), path.join(root, 'accepted', accepted[0] ?? ''));
    assert.equal(folderVariables(own).ANIMUS_FACULTY_DIR, folderOf(own));
    assert.equal(readFileSync(path.join(folderOf(own), 'check.sh'), 'utf8'), 'exit 0');
    assert.deepEqual(readFolderContent(folderOf(own)), readFolderContent(path.join(root, 'workspace')));
  });

  it('[S8] that change, in whichever file, are used as they were accepted before, until they are accepted again', () => {
    write('workspace/own.toml', faculty('own', 'consolidate.verify = "one"'));
    const script = write('workspace/bin/check.sh', 'exit 0');
    learn();
    accept();
    write('workspace/own.toml', faculty('own', 'consolidate.verify = "two"'));
    assert.deepEqual([present()?.state, verifyOf('own')], ['changed', 'one']);
    accept();
    assert.deepEqual([present()?.state, verifyOf('own')], ['accepted', 'two']);
    appendFileSync(script, '\nexit 1');
    assert.equal(present()?.state, 'changed');
    assert.equal(readFileSync(path.join(folderOf(find('own')), 'bin/check.sh'), 'utf8'), 'exit 0');
    write('workspace/bin/check.sh', 'exit 0');
    chmodSync(script, 0o755);
    assert.equal(present()?.state, 'changed');
  });

  it('what was accepted once is used again when it is there again, and the last one while another is', () => {
    const [one, two, three] = ['one', 'two', 'three'].map((verify) =>
      faculty('own', `consolidate.verify = "${verify}"`),
    );
    learn();
    for (const text of [one, two]) {
      write('workspace/own.toml', text ?? '');
      accept();
    }
    write('workspace/own.toml', one ?? '');
    assert.deepEqual([present()?.state, verifyOf('own')], ['accepted', 'one']);
    write('workspace/own.toml', three ?? '');
    assert.deepEqual([present()?.state, verifyOf('own')], ['changed', 'two']);
  });

  it('end with their folder, and with trust in it', () => {
    write('workspace/own.toml', faculty('own'));
    learn();
    accept();
    learn(false);
    assert.deepEqual(faculties.find('own'), { kind: 'unaccepted' });
    learn();
    assert.equal(find('own').origin, 'workspace');
    rmSync(path.join(root, 'workspace'), { recursive: true });
    assert.equal(present(), undefined);
    assert.deepEqual(faculties.find('own'), { kind: 'unknown' });
  });

  it('[S8] are not accepted where they are another content by now, or give no faculty', () => {
    write('workspace/own.toml', faculty('own'));
    learn();
    const shown = present()?.hash ?? '';
    write('workspace/more.txt', 'x');
    assert.equal(faculties.keep(shown), false);
    write('workspace/own.toml', 'not toml');
    assert.equal(faculties.keep(present()?.hash ?? ''), false);
  });

  it('[S8] a copy that was changed is not used; it is laid down again where the very content that was accepted is there', () => {
    write('bundled/own.toml', faculty('own', 'consolidate.verify = "bundled"'));
    write('workspace/own.toml', faculty('own', 'consolidate.verify = "sh check.sh"'));
    write('workspace/check.sh', 'exit 0');
    learn();
    accept();
    const copy = path.join(folderOf(find('own')), 'check.sh');
    writeFileSync(copy, 'evil');
    assert.equal(folderOf(find('own')), path.dirname(copy));
    assert.equal(readFileSync(copy, 'utf8'), 'exit 0');

    write('workspace/check.sh', 'exit 1');
    assert.equal(verifyOf('own'), 'sh check.sh');
    writeFileSync(path.join(path.dirname(copy), 'added.sh'), 'evil');
    faculties.refresh();
    assert.equal(faculties.find('own').kind, 'broken', 'no other faculty takes its place');
    assert.ok(faculties.list().faculties.every(({ name }) => name !== 'own'));
    assert.match(problems()[0] ?? '', /the copy of the workspace's accepted faculties is gone, or is another one/);
    accept();
    assert.equal(verifyOf('own'), 'sh check.sh');
    assert.deepEqual(problems(), []);
  });

  it('a copy that cannot be laid down again costs these faculties and no others, and says why', () => {
    write('bundled/general.toml', faculty('general'));
    write('workspace/own.toml', faculty('own'));
    learn();
    accept();
    rmSync(path.join(root, 'accepted'), { recursive: true });
    writeFileSync(path.join(root, 'accepted'), 'no folder');
    faculties.refresh();
    assert.deepEqual(
      faculties.list().faculties.map(({ name }) => name),
      ['general'],
    );
    assert.match(problems()[0] ?? '', /It cannot be laid down again: E/);
    assert.equal(find('general').origin, 'bundled');
  });

  it('cannot be accepted with a link in their folder, or with more in it than anybody looks through', () => {
    const folder = path.join(root, 'workspace');
    write('workspace/own.toml', faculty('own'));
    learn();
    symlinkSync('/etc/passwd', path.join(folder, 'prompt.md'));
    const linked = present() ?? assert.fail();
    assert.deepEqual([linked.hash, linked.problem], [null, 'prompt.md is neither a file nor a folder']);
    assert.deepEqual(faculties.find('own'), { kind: 'unaccepted' });
    rmSync(path.join(folder, 'prompt.md'));

    for (let at = 0; at < 500; at += 1) write(`workspace/many/${at}.txt`, '');
    assert.equal(present()?.problem, 'it holds more than 500 files');
    rmSync(path.join(folder, 'many'), { recursive: true });
    for (let at = 0; at < 2000; at += 1) mkdirSync(path.join(folder, 'folders', String(at)), { recursive: true });
    assert.equal(present()?.problem, 'it holds more than 2000 files and folders');
    rmSync(path.join(folder, 'folders'), { recursive: true });
    const large = write('workspace/large.bin', 'x'.repeat(16 * 1024 * 1024));
    assert.equal(present()?.problem, 'it holds more than 16 MiB');
    rmSync(large);
    for (let at = 0; at < 5; at += 1) write(`workspace/f${at}.toml`, `${faculty(`f${at}`)}# ${'x'.repeat(250_000)}`);
    assert.equal(present()?.problem, 'its faculties are longer than 1 MiB, which nobody reads');
  });

  it('what was accepted goes on while the folder holds something that cannot be', () => {
    write('workspace/own.toml', faculty('own', 'consolidate.verify = "one"'));
    learn();
    accept();
    symlinkSync('/etc/passwd', path.join(root, 'workspace/link'));
    assert.deepEqual([present()?.state, verifyOf('own')], ['changed', 'one']);
  });

  it('have no prompt from outside of what is accepted', () => {
    const secret = write('secret.md', 'a secret');
    const inside = write('workspace/prompt.md', 'x');
    for (const file of ['../secret.md', secret, inside]) {
      write('workspace/own.toml', faculty('own', `engage.system_prompt_file = ${JSON.stringify(file)}`));
      learn();
      const { problems: wrong, faculties: found } = present() ?? assert.fail();
      assert.deepEqual(found, []);
      assert.match(wrong[0]?.message ?? '', /workspace\/own\.toml: there is no .* nothing outside of it is accepted/);
      assert.doesNotMatch(JSON.stringify(wrong), /a secret/);
    }
  });

  it('two files that give one faculty are not both used, and that is said', () => {
    write('workspace/a.toml', faculty('own', 'consolidate.verify = "a"'));
    write('workspace/b.toml', faculty('own', 'consolidate.verify = "b"'));
    learn();
    accept();
    assert.equal(verifyOf('own'), 'a');
    assert.match(problems()[0] ?? '', /b\.toml: another file here gives the faculty own/);
  });

  it('go before personal ones, and these before bundled ones, and say whose names they take', () => {
    write('bundled/coder.toml', faculty('coder'));
    write('bundled/notes.toml', faculty('notes', 'accepts = ["log", "coder", "diary"]'));
    write('personal/coder.toml', faculty('coder', 'permissions.allow = ["run_command"]'));
    write('workspace/coder.toml', faculty('coder', 'accepts = ["log", "notes", "free"]'));
    write('workspace/diary.toml', faculty('diary'));
    learn();
    const taken = (one: Faculty) => faculties.takenBy(one).map(({ name, from }) => [name, from.origin, from.name]);
    const before = present()?.faculties.flatMap(taken);
    assert.deepEqual(before, [
      ['coder', 'personal', 'coder'],
      ['log', 'bundled', 'notes'],
      ['diary', 'bundled', 'notes'],
    ]);
    assert.deepEqual(
      [find('coder').origin, find('log').origin, find('diary').origin],
      ['personal', 'bundled', 'bundled'],
    );
    accept();
    const now = ['coder', 'log', 'diary', 'free', 'notes'].map((name) => find(name).origin);
    assert.deepEqual(now, ['workspace', 'workspace', 'workspace', 'workspace', 'bundled']);
    assert.deepEqual(faculties.list().faculties.flatMap(taken), before);
  });

  it('tell all that they could start, of their servers too, with the variables of the host that these get', () => {
    write(
      'workspace/own.toml',
      `${faculty('own', 'orient.command = "one"\nconsolidate = { command = "two", verify = "three" }\nrecover.command = "four"\nengage = { mode = "external", command = "five" }')}
[mcp.servers.tickets]
command = "node"
args = ["\${ANIMUS_FACULTY_DIR}/server.js", "two words"]
cwd = "\${ANIMUS_FACULTY_DIR}/data"
env = { LEVEL = "high" }
pass_env = ["TICKETS_TOKEN"]
[mcp.servers.far]
url = "https://far.example/mcp"
headers = { X-Team = "a" }
bearer_env = "FAR_TOKEN"
`,
    );
    learn();
    const [shown] = present()?.faculties ?? [];
    const starts = [
      ['orient', 'one'],
      ['engage', 'five'],
      ['verify', 'three'],
      ['consolidate', 'two'],
      ['recover', 'four'],
      [
        'MCP server tickets',
        `node ${FOLDER_MARK}/server.js "two words", in ${FOLDER_MARK}/data, with LEVEL=high, ` +
          "with TICKETS_TOKEN of the host's environment",
      ],
      [
        'MCP server far',
        "https://far.example/mcp, with the headers X-Team, with the token in FAR_TOKEN of the host's environment",
      ],
    ];
    assert.deepEqual(
      startsOf(shown ?? assert.fail()).map(({ what, runs }) => [what, runs]),
      starts,
    );
    accept();
    const { tickets } = find('own').mcp.servers;
    assert.ok(tickets && 'command' in tickets);
    const folder = folderOf(find('own'));
    assert.deepEqual(tickets.args, [`${folder}/server.js`, 'two words']);
    assert.deepEqual([tickets.cwd, tickets.env.ANIMUS_FACULTY_DIR], [`${folder}/data`, folder]);
  });

  it('a file of the workspace that a server names by its path is not shown as one that was accepted', () => {
    const server = path.join(root, 'workspace/server.js');
    write('workspace/own.toml', `${faculty('own')}[mcp.servers.s]\ncommand = ${JSON.stringify(server)}\n`);
    learn();
    assert.equal(startsOf(present()?.faculties[0] ?? assert.fail())[0]?.runs, server);
  });

  it('a stamp tells every change of a folder', () => {
    const file = write('workspace/a/b.txt', 'one');
    const stamp = () => folderStamp(path.join(root, 'workspace'));
    const seen = [stamp()];
    assert.equal(stamp(), seen[0]);
    for (const change of [
      () => writeFileSync(file, 'two'),
      () => chmodSync(file, 0o755),
      () => write('workspace/c', ''),
      () => rmSync(file),
      () => symlinkSync('/etc/passwd', file),
      () => rmSync(path.join(root, 'workspace'), { recursive: true }),
    ]) {
      change();
      seen.push(stamp());
    }
    assert.equal(new Set(seen).size, seen.length);
  });
});
