/**
 * Runs the test lanes: `node test/run.ts [lane …]`, the default ones without a name. A part that a lane needs and that is absent is
 * named, and its tests skip; lanes listed in ANIMUS_REQUIRE_LANES (or `all`) fail instead.
 */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { findPostgres, startPostgres } from './support/postgres-server.ts';
import { codeServerComplaint, findChromium, installCodeServers } from './support/vscode-parts.ts';

const LANES = {
  unit: ['test/*.test.ts', 'test/unit/**/*.test.ts'],
  store: ['test/store/**/*.test.ts'],
  wire: ['test/wire/**/*.test.ts'],
  cli: ['test/cli/**/*.test.ts'],
  faults: ['test/faults/*.test.ts'],
  vscode: ['test/vscode/*.test.ts'],
} as const;
type Lane = keyof typeof LANES;

/** What `npm test` runs. */
const DEFAULT_LANES: readonly Lane[] = ['unit', 'store', 'wire', 'cli', 'faults', 'vscode'];

const NEED_POSTGRES: readonly Lane[] = ['store', 'cli', 'faults'];

/** Ten kills at each boundary take the longest. */
const LANE_LIMIT_MS = 80 * 60_000;

/** `broken`: what failed, as text. */
type Totals = { passed: number; failed: number; skipped: number; broken: string[] };

const ROOT = path.resolve(import.meta.dirname, '..');

function requiredLanes(): string[] {
  const listed = process.env.ANIMUS_REQUIRE_LANES ?? '';
  return listed === 'all' ? [...DEFAULT_LANES] : listed.split(',').filter((lane) => lane !== '');
}

const LIBERATION_FONTS = '/usr/share/fonts/truetype/liberation';

/** What lanes need that is no npm package: Debian has it, and it is installed where that may be done. */
const PARTS = [
  {
    name: 'postgres',
    debian: 'postgresql',
    lanes: ['store', 'cli', 'faults'],
    present: () => findPostgres() !== undefined,
  },
  { name: 'confinement', debian: 'bubblewrap', lanes: ['unit'], present: () => existsSync('/usr/bin/bwrap') },
  { name: 'fuse', debian: 'bindfs', lanes: ['cli'], present: () => existsSync('/usr/bin/bindfs') },
  { name: 'a browser', debian: 'chromium', lanes: ['vscode'], present: () => findChromium() !== undefined },
  { name: 'fonts', debian: 'fonts-liberation', lanes: ['vscode'], present: () => existsSync(LIBERATION_FONTS) },
] as const;

function prepareParts(lanes: readonly Lane[]): void {
  const missing = PARTS.filter((part) => part.lanes.some((lane) => lanes.includes(lane)) && !part.present());
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    for (const { name, debian } of missing) {
      console.log(`${name}: not here, and not installed by us without root and apt (${debian}): its tests skip`);
    }
    return;
  }
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const packages = missing.map(({ debian }) => debian);
  console.log(`installing ${packages.join(', ')} with apt-get …`);
  const apt = (...args: string[]) => execFileSync('apt-get', ['-qq', ...args], { stdio: 'inherit', env: environment });
  apt('update');
  apt('install', '-y', '--no-install-recommends', ...packages);
}

/** A VS Code for the lane that drives one. Where it cannot be had, that is said, and the lane's tests skip. */
function prepareVsCode(lanes: readonly Lane[]): void {
  if (!lanes.includes('vscode')) return;
  const complaint = codeServerComplaint();
  if (complaint !== undefined) {
    console.log(`code-server: not installed, since ${complaint}: the tests in VS Code skip`);
    return;
  }
  try {
    installCodeServers();
  } catch (error) {
    console.log(`code-server: not installed (${(error as Error).message}): the tests in VS Code skip`);
  }
}

function runLane(lane: Lane, environment: NodeJS.ProcessEnv): Promise<Totals> {
  console.log(`\n== ${lane}`);
  return new Promise((resolve, reject) => {
    const mocha = path.join(ROOT, 'node_modules/mocha/bin/mocha.js');
    const child = spawn(process.execPath, [mocha, '--reporter', 'test/support/reporter.cjs', ...LANES[lane]], {
      cwd: ROOT,
      env: { ...environment, ANIMUS_LANE: lane },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const limit = setTimeout(() => child.kill('SIGKILL'), LANE_LIMIT_MS);
    let totals: Totals | undefined;
    child.on('message', (message) => {
      totals = message as Totals;
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      clearTimeout(limit);
      // A lane that ended without its totals did not end by itself.
      if (!totals) resolve({ passed: 0, failed: 1, skipped: 0, broken: [] });
      else resolve({ ...totals, failed: totals.failed || (code === 0 ? 0 : 1) });
      if (signal) console.log(`lane ${lane} was ended by ${signal}`);
    });
  });
}

async function main(): Promise<void> {
  const wanted = process.argv.slice(2);
  const unknown = wanted.filter((lane) => !(lane in LANES));
  if (unknown.length > 0) throw new Error(`No lane ${unknown.join(', ')}: there are ${Object.keys(LANES).join(', ')}`);
  const lanes = (wanted.length > 0 ? wanted : DEFAULT_LANES) as Lane[];
  prepareParts(lanes);
  prepareVsCode(lanes);
  const bin = lanes.some((lane) => NEED_POSTGRES.includes(lane)) ? findPostgres() : undefined;
  const server = bin ? await startPostgres(bin) : undefined;
  const environment = { ...process.env, ...(server ? { ANIMUS_TEST_POSTGRES_URL: server.url } : {}) };
  const sum = { passed: 0, failed: 0, skipped: 0 };
  const broken: string[] = [];
  const failures: string[] = [];
  try {
    for (const lane of lanes) {
      const totals = await runLane(lane, environment);
      failures.push(...totals.broken.map((text) => `${lane}: ${text}`));
      const mustNotSkip = requiredLanes().includes(lane);
      if (totals.failed > 0) broken.push(`${lane}: ${totals.failed} failed`);
      if (totals.passed === 0) broken.push(`${lane}: no test ran`);
      if (mustNotSkip && totals.skipped > 0)
        broken.push(`${lane}: ${totals.skipped} skipped, and the lane is required`);
      for (const key of ['passed', 'failed', 'skipped'] as const) sum[key] += totals[key];
    }
  } finally {
    await server?.remove();
  }
  // Once more at the end: who reads a long run reads that.
  for (const text of failures) console.log(`\nfailed: ${text}`);
  console.log('');
  for (const line of broken) console.log(line);
  console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
  process.exitCode = broken.length > 0 ? 1 : 0;
}

await main();
