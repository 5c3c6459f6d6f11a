/** The suite of test/vscode/suite in the extension host of a VS Code: each of its tests is one here. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { runTests } from '@vscode/test-electron';
import { build } from 'esbuild';
import { missingForWorkbench } from '../support/vscode-parts.ts';
import { VsCodeSandbox } from '../support/vscode-sandbox.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const BUILT = path.join(ROOT, '.cache/vscode-suite');

type Line = { event: 'pass' | 'fail' | 'skip' | 'end'; title?: string; ms?: number; error?: string };

type Run = { lines: readonly Line[]; problem: string | undefined };

/** The extension host loads plain JavaScript from beside our packages. */
async function buildSuite(): Promise<string> {
  await build({
    absWorkingDir: ROOT,
    entryPoints: ['test/vscode/suite/index.ts', 'test/vscode/suite/extension.test.ts'],
    outdir: BUILT,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    packages: 'external',
    external: ['vscode'],
    logLevel: 'warning',
  });
  return path.join(BUILT, 'index.mjs');
}

/**
 * A desktop VS Code where $VSCODE_EXECUTABLE names one or $VSCODE_VERSION says which to download; else code-server stands in
 * for it.
 */
function whichVsCode(): { vscodeExecutablePath: string } | { version: string } {
  const { VSCODE_EXECUTABLE: executable, VSCODE_VERSION: version } = process.env;
  if (executable) return { vscodeExecutablePath: executable };
  return version ? { version } : { vscodeExecutablePath: standIn() };
}

function standIn(): string {
  const file = path.join(BUILT, 'stand-in');
  mkdirSync(BUILT, { recursive: true });
  const script = path.join(ROOT, 'test/support/vscode-stand-in.ts');
  writeFileSync(file, `#!/bin/sh\nexec '${process.execPath}' '${script}' "$@"\n`);
  chmodSync(file, 0o755);
  return file;
}

const entry = (entry_type: string, content: string) => ({ name: 'ledger_append', input: { entry_type, content } });
const report = [
  { tool_calls: [{ name: 'report_outcome', input: { success: true, summary: 'Looked.' } }] },
  { text: 'Done.' },
];

async function runSuite(): Promise<Run> {
  const sandbox = new VsCodeSandbox();
  const results = path.join(sandbox.root, 'results.ndjson');
  const steps = Array.from({ length: 6 }, (_, at) => ({
    text: `Step ${at + 1}.`,
    tool_calls: [entry('step', `step ${at + 1} of the slow work`)],
  }));
  let problem: string | undefined;
  try {
    await runTests({
      ...whichVsCode(),
      extensionDevelopmentPath: [ROOT, path.join(ROOT, 'test/vscode/model-provider')],
      extensionTestsPath: await buildSuite(),
      launchArgs: [
        sandbox.workspace,
        `--user-data-dir=${path.join(sandbox.root, 'user-data')}`,
        `--extensions-dir=${path.join(sandbox.root, 'extensions')}`,
      ],
      extensionTestsEnv: {
        ...sandbox.env,
        ANIMUS_TEST_RESULTS: results,
        ANIMUS_TEST_ASKED: path.join(sandbox.root, 'asked.ndjson'),
        ANIMUS_TEST_QUICK_MODEL: sandbox.script('quick', {
          name: 'quick',
          turns: [{ text: 'I look.', tool_calls: [entry('finding', 'There is a README.')] }, ...report],
        }),
        ANIMUS_TEST_WRITING_MODEL: sandbox.script('writing', {
          name: 'writing',
          turns: [
            { tool_calls: [{ name: 'write_file', input: { path: 'herons.md', content: 'Three herons.\n' } }] },
            ...report,
          ],
        }),
        ANIMUS_TEST_SLOW_MODEL: sandbox.script('slow', {
          name: 'slow',
          pace: { delay_ms: 400 },
          turns: [...steps, ...report],
        }),
        ANIMUS_TEST_TOOL_MODEL: sandbox.script('tools', {
          name: 'tools',
          turns: [
            { tool_calls: [{ name: 'vscode__tests_echo', input: { text: 'heron' } }] },
            { tool_calls: [{ name: 'vscode__tests_broken', input: {} }] },
            ...report,
          ],
        }),
        ANIMUS_TEST_ENDLESS_TOOL_MODEL: sandbox.script('endless-tool', {
          name: 'endless-tool',
          turns: [{ tool_calls: [{ name: 'vscode__tests_endless', input: {} }] }, ...report],
        }),
      },
    });
  } catch (error) {
    problem = (error as Error).message;
  }
  const text = existsSync(results) ? readFileSync(results, 'utf8').trim() : '';
  const lines = text === '' ? [] : text.split('\n').map((line) => JSON.parse(line) as Line);
  await sandbox.remove();
  return { lines, problem };
}

const isDesktop = Boolean(process.env.VSCODE_EXECUTABLE || process.env.VSCODE_VERSION);
const missing = isDesktop ? undefined : missingForWorkbench();

describe('in the extension host', function () {
  if (missing !== undefined) {
    it(`runs the suite (${missing})`);
    return;
  }
  this.timeout(240_000);

  it('runs the suite to its end', async () => {
    const { lines, problem } = await runSuite();
    for (const { event, title, ms, error } of lines) {
      if (event !== 'end') console.log(`      ${event} ${title}${ms === undefined ? '' : ` (${ms} ms)`}`);
      if (error) console.log(error.replace(/^/gm, '        '));
    }
    const count = (event: Line['event']) => lines.filter((line) => line.event === event).length;
    // The exit code is 0 also where nothing ran.
    assert.equal(lines.at(-1)?.event, 'end', `the suite did not end: ${problem ?? 'no end mark'}`);
    assert.equal(count('fail'), 0);
    assert.ok(count('pass') > 10);
    assert.equal(problem, undefined);
  });
});
