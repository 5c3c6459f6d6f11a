/** animus work pause, resume: one item with all below it, or all work of the folder. */
import { AnimusError } from '../../../protocol/errors.ts';
import type { WorkView } from '../../../protocol/work.ts';
import { asPerson } from '../as-person.ts';
import { EXIT } from '../exit-codes.ts';
import { type CliSession, withHost } from '../session.ts';
import { showState } from '../show.ts';
import { checkedId } from './work.ts';

type Options = { all?: boolean };

export async function workPause(session: CliSession, options: Options, id?: string): Promise<number> {
  const { terminal, json } = session;
  if (options.all) {
    requireNoId(id);
    const result = await withHost(session, (client) => client.request('work/pause_all', {}));
    if (json) terminal.out(JSON.stringify(result));
    else terminal.out(result.paused ? `All work here is paused.${goOn('--all')}` : 'All work here was paused before.');
    return EXIT.done;
  }
  const asked = { id: checkedId(requireId(id, 'pause')) };
  const result = await withHost(session, (client) => client.request('work/pause', asked));
  const { item, paused } = result;
  if (json) terminal.out(JSON.stringify(result));
  else if (paused > 0) terminal.out(`${stateLine(session, item, paused)}${goOn(item.short_id)}`);
  else terminal.out(`${stateLine(session, item, 0)}. ${item.paused ? 'It was paused before' : 'It has ended'}.`);
  return EXIT.done;
}

export async function workResume(session: CliSession, options: Options, id?: string): Promise<number> {
  const { terminal, json } = session;
  const pid = process.pid;
  if (options.all) {
    requireNoId(id);
    const result = await asPerson(session, (client) => client.request('work/resume_all', { pid }));
    if (json) terminal.out(JSON.stringify(result));
    else terminal.out(result.resumed ? 'Work here goes on.' : 'Work here was not paused as a whole.');
    return EXIT.done;
  }
  const asked = { id: checkedId(requireId(id, 'resume')), pid };
  const result = await asPerson(session, (client) => client.request('work/resume', asked));
  const { item, resumed } = result;
  if (json) terminal.out(JSON.stringify(result));
  else {
    terminal.out(`${stateLine(session, item, resumed)}${resumed === 0 ? '. It was not paused.' : ''}`);
    if (result.all_paused) terminal.note('All work here is paused. To let it go on: animus work resume --all');
  }
  return EXIT.done;
}

/** `count`: of the items that changed, this one among them. */
function stateLine({ terminal }: CliSession, item: WorkView, count: number): string {
  const also = count > 1 ? `, and ${count - 1} below it` : '';
  return `${item.id} ${showState(terminal, item)}${also}`;
}

const goOn = (what: string) => `\n  animus work resume ${what}`;

function requireId(id: string | undefined, verb: string): string {
  if (id !== undefined) return id;
  throw new AnimusError('invalid_params', `Which work is to ${verb}?`, 'Give its id, or --all for all work here.');
}

function requireNoId(id: string | undefined): void {
  if (id === undefined) return;
  throw new AnimusError('invalid_params', `${id} and --all cannot both be meant. Nothing was changed.`, 'Give one.');
}
