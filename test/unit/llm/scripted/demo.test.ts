/** The demo's script, played over small folders with stand-ins for the tools, which answer in the tools' formats. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { complete } from '../../../../src/host/llm/complete.ts';
import { createScriptedClient } from '../../../../src/host/llm/scripted/client.ts';
import { createScriptLoader } from '../../../../src/host/llm/scripted/load-script.ts';
import type { ContentBlock, Message, ToolUseBlock } from '../../../../src/host/llm/types.ts';
import { createRecordedSleep } from '../../../support/model-server-clock.ts';
import { requestOf, result, user } from '../requests.ts';

type Folder = { [path: string]: string };

const ROOT: Folder = {
  'README.md': '# Lantern\n\nLantern keeps watch over folders and says what changed.\n\n## Use\n',
  'package.json': JSON.stringify(
    {
      name: 'lantern',
      version: '2.3.4',
      scripts: { build: 'tsc', test: 'mocha' },
      devDependencies: { mocha: '12.0.0', typescript: '7.0.0' },
    },
    null,
    2,
  ),
  'docs/guide.md': '# Guide\n',
  'src/watch.ts': "import { watch } from 'node:fs';\n// TODO: follow links\nexport function follow(path: string) {}\n",
  'src/watch.test.ts': "it('follows', () => {});\n",
};

describe('the demo script', () => {
  it('reports what is in the folder, from captures alone', async () => {
    const { calls, closing } = await playDemo(ROOT, 'open');
    const findings = entries(calls, 'finding');
    assert.equal(findings[0], 'Files listed: 5. Folders at the top: docs, src. Kinds by extension: md, json, ts.');
    assert.equal(
      findings[1],
      'README.md is titled “Lantern”. Its text begins: Lantern keeps watch over folders and says what changed.',
    );
    assert.equal(
      findings[2],
      'package.json names the package “lantern”, version “2.3.4”. Its scripts: build, test. Dependencies listed: 2.',
    );
    assert.equal(findings[3], 'Lines with TODO or FIXME: 1 (at most 50 were asked for). They are in src/watch.ts.');
    assert.equal(findings[4], 'Files named as tests: 1, such as src/watch.test.ts.');
    assert.deepEqual(entries(calls, 'decision'), [
      'Read src/watch.test.ts as a sample: it is the first source file of the listing.',
    ]);
    assert.equal(entries(calls, 'step').length, 2);
    const outcome = calls.find((call) => call.name === 'report_outcome');
    assert.deepEqual(outcome?.input, {
      success: true,
      summary:
        'Surveyed the folder. Files: 5, of which Markdown: 2, named as tests: 1. README.md is titled “Lantern”. The ' +
        'package is lantern, version 2.3.4. Lines with TODO or FIXME: 1.',
      data: { files: '5', markdown_files: '2', test_files: '1', open_tasks: '1' },
    });
    assert.match(closing, /^The survey is done\. Files: 5,/);
  });

  it('says the same where the engine folds each finished step into a stub', async () => {
    const open = await playDemo(ROOT, 'open');
    const folded = await playDemo(ROOT, 'folded');
    assert.deepEqual(folded, open);
  });

  it('reads well in an empty folder, where most calls fail', async () => {
    const { calls, closing } = await playDemo({}, 'open');
    const said = JSON.stringify(calls) + closing;
    assert.doesNotMatch(said, /\(not found\)|\{\{/);
    assert.deepEqual(entries(calls, 'finding').slice(0, 3), [
      'Files listed: 0. No folder is among them. None has an extension.',
      'README.md could not be read, or no heading was found in it.',
      'package.json could not be read, or no name was found in it.',
    ]);
  });

  it('names each call once, and ends in a text', async () => {
    const { calls, closing, turns } = await playDemo(ROOT, 'open');
    assert.equal(new Set(calls.map((call) => call.id)).size, calls.length);
    assert.ok(closing.length > 0);
    assert.equal(turns, 8);
  });
});

type Played = { calls: ToolUseBlock[]; closing: string; turns: number };

/** `folded` leaves of a finished step only its findings and decisions, as the engine's stubs do. */
async function playDemo(folder: Folder, history: 'open' | 'folded'): Promise<Played> {
  const scripts = fileURLToPath(new URL('../../../../src/host/llm/scripted', import.meta.url));
  const { sleep } = createRecordedSleep();
  const client = createScriptedClient({ loadScript: createScriptLoader(scripts), sleep });
  const calls: ToolUseBlock[] = [];
  let messages: Message[] = [user('Survey this folder.')];
  for (let turn = 1; turn < 20; turn += 1) {
    const request = requestOf(messages, { model: 'demo', ...(history === 'folded' ? { turn } : {}) });
    const answer = await complete(client, request, new AbortController().signal);
    assert.equal(answer.kind, 'done');
    if (answer.kind !== 'done') break;
    const { content } = answer.response;
    const asked = content.filter((block) => block.type === 'tool_use');
    calls.push(...asked);
    if (asked.length === 0) return { calls, closing: textIn(content), turns: turn };
    messages = [...messages, { role: 'assistant', content }, user(...asked.map((call) => answerCall(call, folder)))];
    if (history === 'folded' && entries(asked, 'step').length > 0)
      messages = [user('Survey this folder.', stub(calls))];
  }
  throw new Error('the demo does not end');
}

function stub(calls: ToolUseBlock[]): string {
  return `[completed step]\n${[...entries(calls, 'finding'), ...entries(calls, 'decision')].join('\n')}`;
}

function entries(calls: ToolUseBlock[], type: string): string[] {
  return calls.flatMap(({ input }) => {
    const { entry_type, content } = input as { entry_type?: string; content?: string };
    return entry_type === type ? [content ?? ''] : [];
  });
}

function textIn(content: ContentBlock[]): string {
  return content.map((block) => (block.type === 'text' ? block.text : '')).join('');
}

function answerCall(call: ToolUseBlock, folder: Folder): ContentBlock {
  const input = call.input as { path?: string; glob?: string; pattern?: string; limit?: number };
  const text = input.path === undefined ? undefined : folder[input.path];
  const paths = Object.keys(folder).sort();
  switch (call.name) {
    case 'ledger_append':
      return result(call.id, 'recorded as [1] entry');
    case 'report_outcome':
      return result(call.id, 'reported');
    case 'list_files':
      return result(
        call.id,
        paths.filter((path) => matchesGlob(path, input.glob ?? '**/*')).join('\n') || '[no file matches]',
      );
    case 'read_file':
      return text === undefined ? result(call.id, 'There is no such file.', true) : result(call.id, text.trimEnd());
    case 'search_text':
      return result(call.id, search(folder, input.pattern ?? '').join('\n') || '[no line matches]');
    default:
      return result(call.id, `There is no tool named ${call.name}.`, true);
  }
}

function matchesGlob(path: string, glob: string): boolean {
  if (glob === '**/*') return true;
  return glob === '**/*.md' ? path.endsWith('.md') : /(\.test|\.spec|_test)\./.test(path);
}

function search(folder: Folder, pattern: string): string[] {
  return Object.entries(folder).flatMap(([path, text]) =>
    text
      .split('\n')
      .flatMap((line, index) => (new RegExp(pattern).test(line) ? [`${path}:${index + 1}: ${line}`] : [])),
  );
}
