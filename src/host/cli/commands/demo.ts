/** animus demo: the main job from end to end on the folder at hand, with a model where there is a key, else a script. */

import path from 'node:path';
import { DEMO_FACULTY, DEMO_MODEL, DEMO_TASK } from '../../../protocol/demo-task.ts';
import { uuidv7 } from '../../../rendezvous/ids.ts';
import { ensureTrusted } from '../ask-trust.ts';
import { followWork, type Watcher } from '../follow.ts';
import { readLedger } from '../read-ledger.ts';
import { type CliSession, withHost } from '../session.ts';
import { SCRIPT_NOTICE, showEntry, showOutcome } from '../show.ts';
import { plainLine, plainName } from '../terminal.ts';
import { canonicalId, exitOf, progressWatcher } from './work.ts';

export async function demo(session: CliSession, options: { trust?: boolean }): Promise<number> {
  const { terminal, json, config } = session;
  const model = config.model ?? (process.env.ANTHROPIC_API_KEY ? null : DEMO_MODEL);
  const asked = { id: uuidv7(), faculty: DEMO_FACULTY, description: DEMO_TASK, model, source: 'cli' as const };
  terminal.note(introduction(session, model));
  const submitted = await withHost(session, async (client) => {
    await ensureTrusted(session, client, options.trust ?? false);
    return client.request('work/submit', asked);
  });
  const id = canonicalId(submitted);
  terminal.note(terminal.paint('dim', `-- submitted ${id}`));
  const end = await followWork(session, id, json ? {} : watcher(session));
  const { entries } = await withHost(session, (client) => readLedger(client, { id }));
  if (json) terminal.out(JSON.stringify({ ...end.shown, entries }));
  else {
    terminal.out(`\n${terminal.paint('bold', 'Ledger')}  animus ledger show ${id.slice(-8)}`);
    for (const entry of entries) terminal.out(showEntry(terminal, entry));
    terminal.out(`\n${showOutcome(terminal, end.shown)}`);
  }
  return exitOf(end);
}

function introduction({ terminal, folder }: CliSession, model: string | null): string {
  const title = `${terminal.paint('bold', 'Animus demo')}: an agent surveys ${plainName(path.basename(folder))}\n`;
  if (!model?.startsWith('scripted/')) return title;
  return `${title}
${terminal.paint('yellow', SCRIPT_NOTICE)} The tools, the queue and the ledger are real.
With ANTHROPIC_API_KEY set, the same command asks the real model.
`;
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
