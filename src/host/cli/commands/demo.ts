/** animus demo: the main job from end to end on the folder at hand, with a model where there is a key, else a script. */

import path from 'node:path';
import { uuidv7 } from '../../../rendezvous/ids.ts';
import { ensureTrusted } from '../ask-trust.ts';
import { followWork, type Watcher } from '../follow.ts';
import { type CliSession, connect } from '../session.ts';
import { SCRIPT_NOTICE, showEntry, showOutcome } from '../show.ts';
import { plainLine } from '../terminal.ts';
import { canonicalId, exitOf, progressWatcher } from './work.ts';

const TASK =
  'Survey this folder for a newcomer: what it is, how it is laid out, how it is built and tested, and what stands out. ' +
  'Record a plan, at least three findings with the files that show them, and each step; then report the outcome.';

export async function demo(session: CliSession, options: { trust?: boolean }): Promise<number> {
  const { terminal, json, config, folder } = session;
  const model = config.model ?? (process.env.ANTHROPIC_API_KEY ? null : 'scripted/demo');
  const client = await connect(session);
  await ensureTrusted(session, client, options.trust ?? false);
  terminal.note(`${terminal.paint('bold', 'Animus demo')}: an agent surveys ${path.basename(folder)}\n`);
  if (model?.startsWith('scripted/')) {
    terminal.note(
      `${terminal.paint('yellow', SCRIPT_NOTICE)} The tools, the queue and the ledger are real.\n` +
        'With ANTHROPIC_API_KEY set, the same command asks the real model.\n',
    );
  }
  const submitted = await client.request('work/submit', {
    id: uuidv7(),
    faculty: 'general',
    description: TASK,
    model,
    source: 'cli',
  });
  const id = canonicalId(submitted);
  terminal.note(terminal.paint('dim', `-- submitted ${id}`));
  const { end, client: last } = await followWork(session, client, id, json ? {} : watcher(session));
  const { entries } = await last.request('ledger/read', { id });
  await last.close();
  if (json) terminal.out(JSON.stringify({ ...end.shown, entries }));
  else {
    terminal.out(`\n${terminal.paint('bold', 'Ledger')}  animus ledger show ${id.slice(-8)}`);
    for (const entry of entries) terminal.out(showEntry(terminal, entry));
    terminal.out(`\n${showOutcome(terminal, end.shown)}`);
  }
  return exitOf(end);
}

/** Progress: turns and tool calls as they begin; the entries come at the end, with the ledger. */
function watcher(session: CliSession): Watcher {
  const { terminal } = session;
  const { onEntry: _, ...progress } = progressWatcher(session);
  return {
    ...progress,
    onEntry: (entry) => terminal.note(`   recorded [${entry.seq}] ${entry.entry_type}`),
    onDelta: ({ kind, turn, text }) => {
      if (kind === 'turn_start') terminal.note(`turn ${turn}`);
      if (kind === 'tool_call') terminal.note(`   ${plainLine(text, 60)}`);
      if (kind === 'retry') terminal.note(`   asked again: ${plainLine(text, 200)}`);
    },
  };
}
