/** Run by engage-hooks.test.ts inside a namespace: hooks that do what they should not, and what is left of them. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { askedAbout, hooksIn, writeHook } from '../../support/engine-hooks.ts';
import { folder, main, othersAlive, until } from './scenario.ts';

const never = new AbortController().signal;
const root = join(folder, 'hooks');
const LONG = { text: 'x'.repeat(3_000_000) };

async function before(keys: Parameters<typeof writeHook>[2], input: Parameters<typeof askedAbout>[1] = { text: 'x' }) {
  writeHook(root, 'guard', { timeout_ms: 1500, ...keys });
  const { hooks, persistent } = hooksIn(folder);
  const verdict = await hooks.beforeTool(askedAbout('act', input), never);
  const alive = othersAlive();
  await persistent.close();
  return { verdict: summary(verdict), alive, afterClose: othersAlive() };
}

function summary(verdict: Awaited<ReturnType<ReturnType<typeof hooksIn>['hooks']['beforeTool']>>) {
  if (verdict.kind === 'none') return 'none';
  const run = verdict.runs.at(-1);
  return { kind: verdict.kind, outcome: run?.outcome, reason: run?.reason, exitCode: run?.exitCode };
}

async function after(command: string, content = 'raw') {
  writeHook(root, 'late', { command, events: ['AfterToolCall'], timeout_ms: 1500 });
  const { hooks } = hooksIn(folder);
  const asked = { ...askedAbout('act'), result: { content, isError: false }, durationMs: 1 };
  const { result, runs } = await hooks.afterTool(asked, never);
  return { content: result.content, outcome: runs[0]?.outcome, alive: othersAlive() };
}

/** A line in, a line out; `seen` notes the process and what it was asked. */
const PERSISTENT = `import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  appendFileSync('seen', process.pid + ' ' + asked.tool_input.text + '\\n');
  if (asked.tool_input.text === 'die') process.exit(9);
  if (asked.tool_input.text === 'hang') await new Promise(() => setInterval(() => {}, 1000));
  if (asked.tool_input.text === 'flood') console.log('x'.repeat(3_000_000));
  else if (asked.tool_input.text === 'no') console.log(JSON.stringify({ action: 'block', reason: 'no' }));
  else console.log('{"action": "allow"}');
}
`;

async function persistent(texts: readonly string[]) {
  const own = writeHook(root, 'guard', {
    command: `"${process.execPath}" hook.mjs`,
    mode: 'persistent',
    timeout_ms: 4000,
  });
  writeFileSync(join(own, 'hook.mjs'), PERSISTENT);
  const { hooks, persistent: processes } = hooksIn(folder);
  const verdicts: string[] = [];
  for (const text of texts) {
    const verdict = await hooks.beforeTool(askedAbout('act', { text }), never);
    verdicts.push(verdict.kind === 'block' ? verdict.reason : verdict.kind);
  }
  const alive = othersAlive().length;
  await processes.close();
  const seen = readFileSync(join(own, 'seen'), 'utf8').trim().split('\n');
  const pids = new Set(seen.map((line) => line.split(' ')[0]));
  return { verdicts, processes: pids.size, alive, afterClose: othersAlive() };
}

await main({
  hang: () => before({ command: 'sleep 300 & sleep 300; true' }),
  stubborn: () => before({ command: `trap '' TERM; while true; do sleep 1; done` }),
  garbage: () => before({ command: 'echo this is no JSON' }),
  unknownKeys: () => before({ command: `echo '{"action": "allow", "verdict": "sure"}'` }),
  flood: () => before({ command: `head -c 3000000 /dev/zero | tr '\\0' x` }),
  endlessFlood: () => before({ command: 'yes' }),
  exit137: () => before({ command: 'exit 137' }),
  killed: () => before({ command: 'kill -9 $$' }),
  daemon: () =>
    before({
      command: `cat > in; setsid sh -c 'echo > ready; exec sleep 300' </dev/null >/dev/null 2>&1 & until [ -e ready ]; do sleep 0.02; done; echo '{"action": "allow"}'`,
    }),
  closedInput: () => before({ command: `exec 0<&-; sleep 0.1; echo '{"action": "block", "reason": "seen nothing"}'` }),
  closedInputAllows: () => before({ command: `exec 0<&-; echo '{"action": "allow"}'` }, LONG),
  closedInputSilent: () => before({ command: 'exec 0<&-; sleep 0.1' }, LONG),
  unreadSilent: () => before({ command: 'exit 0' }, LONG),
  unreadShort: () => before({ command: 'exec 0<&-' }, { text: 'x'.repeat(200_000) }),
  readLong: () => before({ command: 'cat > /dev/null' }, LONG),
  afterUnread: async () => {
    const { content, outcome } = await after('exit 0', LONG.text);
    return { length: content.lastIndexOf('\n'), mark: content.slice(LONG.text.length), outcome };
  },
  turnUnread: async () => {
    writeHook(root, 'look', { command: 'exit 0', events: ['AfterTurn'] });
    const turn = { turn: 1, model: LONG.text, stopReason: 'end_turn', toolCalls: 0 };
    const [run] = await hooksIn(folder).hooks.afterTurn(turn, never);
    return { outcome: run?.outcome, saysWhy: /did not read its input/.test(run?.reason ?? '') };
  },
  missing: () => before({ command: './not-there' }),
  allowsErrors: () => before({ command: 'sleep 300', on_error: 'allow' }),
  afterHang: () => after('sleep 300'),
  afterGarbage: () => after('echo hm'),
  cancelled: async () => {
    writeHook(root, 'guard', { command: 'setsid sleep 300 & sleep 300; true', timeout_ms: 60_000 });
    const stop = new AbortController();
    const { hooks } = hooksIn(folder);
    const asked = hooks.beforeTool(askedAbout('act'), stop.signal);
    await until(() => othersAlive().filter((line) => line === 'sleep 300').length === 2);
    stop.abort();
    return { verdict: summary(await asked), alive: othersAlive() };
  },
  nothingMatches: async () => {
    const own = writeHook(root, 'guard', { command: 'echo > ran', matcher: 'write_*|run_command' });
    const { hooks } = hooksIn(folder);
    const unasked = await hooks.beforeTool(askedAbout('read_file'), never);
    const ranBefore = existsSync(join(own, 'ran'));
    const asked = await hooks.beforeTool(askedAbout('write_file'), never);
    return { unasked: unasked.kind, ranBefore, asked: asked.kind, ranAfter: existsSync(join(own, 'ran')) };
  },
  persistent: () => persistent(['a', 'b', 'no', 'c']),
  persistentDies: () => persistent(['a', 'die', 'b']),
  persistentHangs: () => persistent(['hang', 'b']),
  persistentFloods: () => persistent(['flood', 'b']),
  persistentTogether: async () => {
    const own = writeHook(root, 'guard', { command: `"${process.execPath}" hook.mjs`, mode: 'persistent' });
    writeFileSync(join(own, 'hook.mjs'), PERSISTENT);
    const { hooks, persistent: processes } = hooksIn(folder);
    const texts = Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? 'no' : `t${at}`));
    const verdicts = await Promise.all(
      texts.map(async (text) => (await hooks.beforeTool(askedAbout('act', { text }), never)).kind),
    );
    await processes.close();
    return { right: verdicts.every((kind, at) => (kind === 'block') === (at % 2 === 0)), afterClose: othersAlive() };
  },
  environment: async () => {
    process.env.PLANTED = 'secret-of-the-host';
    const own = writeHook(root, 'guard', { command: 'env > env.txt; cat > in.json; pwd > pwd.txt' });
    const { hooks } = hooksIn(folder);
    await hooks.beforeTool(askedAbout('act', { text: 'x' }), never);
    const read = (name: string) => readFileSync(join(own, name), 'utf8');
    const names = read('env.txt')
      .split('\n')
      .filter((line) => /^ANIMUS_(HOOK|FOCUS|WORK)|PLANTED/.test(line));
    return { names: names.sort(), input: JSON.parse(read('in.json')), inFolder: read('pwd.txt').trim() === own };
  },
});
