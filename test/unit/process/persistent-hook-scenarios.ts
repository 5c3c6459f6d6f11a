/** Run by persistent-hooks.test.ts inside a namespace: hooks that stay, and say what nobody asked for. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { askedAbout, hooksIn, writeHook } from '../../support/engine-hooks.ts';
import { folder, main, othersAlive, until } from './scenario.ts';

const never = new AbortController().signal;
const root = join(folder, 'hooks');

/** Answers as the call's text says; `seen` notes the process and what it was asked. */
const SCRIPT = `import { appendFileSync, existsSync, writeSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
const say = (...lines) => writeSync(1, lines.map((line) => line + '\\n').join(''));
const allow = (id) => JSON.stringify({ id, action: 'allow' });
const block = (id) => JSON.stringify({ id, action: 'block', reason: 'no' });
let before;
for await (const line of createInterface({ input: process.stdin })) {
  const { id, tool_input: { text } } = JSON.parse(line);
  appendFileSync('seen', process.pid + ' ' + text + '\\n');
  if (text === 'no') say(block());
  else if (text === 'named') say(allow(id));
  else if (text === 'named no') say(block(id));
  else if (text === 'allow, empty') say(allow(), '');
  else if (text === 'empty, block') { say(''); say(block()); }
  else if (text === 'late, block') { say(allow(before)); say(block(id)); }
  else if (text === 'chatter') say('looking at it');
  else if (text === 'speaks on') {
    say(allow());
    while (!existsSync('answered')) await delay(5);
    say(allow());
    writeFileSync('spoke', '');
  } else say(allow());
  before = id;
}
`;

function guard() {
  const own = writeHook(root, 'guard', { command: `"${process.execPath}" hook.mjs`, mode: 'persistent' });
  writeFileSync(join(own, 'hook.mjs'), SCRIPT);
  const { hooks, persistent } = hooksIn(folder);
  return {
    own,
    async ask(text: string) {
      const verdict = await hooks.beforeTool(askedAbout('act', { text }), never);
      return verdict.kind === 'block' ? verdict.reason : verdict.kind;
    },
    async ended() {
      await persistent.close();
      const seen = readFileSync(join(own, 'seen'), 'utf8').trim().split('\n');
      return { processes: new Set(seen.map((line) => line.split(' ')[0])).size, left: othersAlive() };
    },
  };
}

async function inTurn(texts: readonly string[]) {
  const { ask, ended } = guard();
  const verdicts: string[] = [];
  for (const text of texts) verdicts.push(await ask(text));
  return { verdicts, ...(await ended()) };
}

await main({
  empty: () => inTurn(['yes', 'empty, block', 'no']),
  late: () => inTurn(['yes', 'late, block', 'no']),
  named: () => inTurn(['named', 'named no', 'named']),
  leftover: () => inTurn(['allow, empty', 'no']),
  chatter: () => inTurn(['chatter', 'no']),
  unasked: async () => {
    const { own, ask, ended } = guard();
    const first = await ask('speaks on');
    writeFileSync(join(own, 'answered'), '');
    await until(() => existsSync(join(own, 'spoke')));
    return { verdicts: [first, await ask('no')], ...(await ended()) };
  },
  newlines: async () => {
    const command = `while read -r asked; do case "$asked" in *"rm -rf"*) echo '{"action":"block","reason":"no"}';; *) echo '{"action":"allow"}';; esac; sleep 0.01; echo; done`;
    writeHook(root, 'guard', { command, mode: 'persistent' });
    const { hooks, persistent } = hooksIn(folder);
    const kinds: string[] = [];
    for (let round = 0; round < 10; round += 1) {
      const asked = ['ls', 'rm -rf /'].map((text) => hooks.beforeTool(askedAbout('act', { text }), never));
      kinds.push((await Promise.all(asked))[1]?.kind ?? '');
    }
    await persistent.close();
    return { kinds, left: othersAlive() };
  },
});
