/** animus person: who may approve, answer, trust and accept here. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import { provePerson } from '../../../client/prove-person.ts';
import { AnimusError } from '../../../protocol/errors.ts';
import { enrollmentCode, type PersonKeyView } from '../../../protocol/person.ts';
import { tryLock } from '../../../rendezvous/file-lock.ts';
import { personResetFile } from '../../../rendezvous/store-files.ts';
import { asPerson, terminalName } from '../as-person.ts';
import { EXIT } from '../exit-codes.ts';
import { obtainTerminalKey } from '../person-key-file.ts';
import { type CliSession, withHost } from '../session.ts';
import { plainName, table } from '../terminal.ts';
import { stopHost } from './host.ts';
import { checkedId } from './work.ts';

export async function personList(session: CliSession): Promise<number> {
  const { terminal, json } = session;
  const { keys } = await asPerson(session, (client) => client.request('person/list', {}));
  if (json) terminal.out(JSON.stringify({ keys }));
  else if (keys.length === 0)
    terminal.out('Nobody is enrolled here yet. If you are who decides here: animus person enroll');
  else {
    const rows = [['ID', 'WHO', 'SINCE', 'LAST DECIDED', 'LET IN BY'], ...keys.map(row)];
    terminal.out(`May approve, answer, trust and accept here:\n\n${table(rows, terminal.width)}`);
    if (!keys.some(({ own }) => own)) terminal.out('\nThis terminal may not. With a code: animus person enroll CODE');
  }
  return EXIT.done;
}

const minute = (time: string | null) => time?.slice(0, 16).replace('T', ' ') ?? '-';

function row({ short_id, name, own, enrolled_at, last_used_at, invited_by }: PersonKeyView): string[] {
  const who = `${plainName(name)}${own ? ' (this one)' : ''}`;
  return [short_id, who, minute(enrolled_at), minute(last_used_at), plainName(invited_by ?? '-')];
}

/** The first one here needs no code. */
export async function personEnroll(session: CliSession, _options: object, given?: string): Promise<number> {
  const { terminal, json, location } = session;
  const code = given === undefined ? undefined : checkedCode(given);
  const key = obtainTerminalKey(location.identity.home);
  const result = await withHost(session, async (client) => {
    await provePerson(client, key);
    return client.request('person/enroll', { name: terminalName(), code, pid: process.pid });
  });
  terminal.out(json ? JSON.stringify(result) : 'This terminal may approve, answer, trust and accept here.');
  return EXIT.done;
}

function checkedCode(given: string): string {
  const parsed = enrollmentCode.safeParse(given);
  if (parsed.success) return parsed.data;
  const next = 'Give the code as it was shown, as in: animus person enroll ABCD-2345';
  throw new AnimusError('invalid_params', `"${plainName(given)}" is no code. Nobody was enrolled.`, next);
}

export async function personInvite(session: CliSession): Promise<number> {
  const { terminal, json } = session;
  const invitation = await asPerson(session, (client) => client.request('person/invite', { pid: process.pid }));
  if (json) {
    terminal.out(JSON.stringify(invitation));
    return EXIT.done;
  }
  terminal.out(`${terminal.paint('bold', invitation.code)}   for once, and for ten minutes`);
  terminal.out(`  in a terminal:  animus person enroll ${invitation.code}`);
  terminal.out('  in VS Code:     "Animus: Who May Decide…"');
  return EXIT.done;
}

export async function personRemove(session: CliSession, _options: object, id: string): Promise<number> {
  const asked = { id: checkedId(id), pid: process.pid };
  const result = await asPerson(session, (client) => client.request('person/remove', asked));
  const { key } = result;
  session.terminal.out(
    session.json ? JSON.stringify(result) : `removed: ${key.short_id}  ${plainName(key.name)} may not decide any more`,
  );
  return EXIT.done;
}

/** For whoever lost every key. Only by hand; every window that had one is told. */
export async function personReset(session: CliSession): Promise<number> {
  const { terminal, json, location, folder } = session;
  if (json || !process.stdin.isTTY || !process.stderr.isTTY) {
    const next = 'Run it in a terminal of your own.';
    throw new AnimusError('not_permitted', 'This asks a person first, on a terminal. Nothing was changed.', next);
  }
  if (!(await confirmed(folder))) {
    terminal.out('Nothing was changed.');
    return EXIT.done;
  }
  await stopHost(session);
  const lock = lockStore(location.store);
  try {
    // The next host does it, with its database open.
    writeFileSync(personResetFile(location.store), '', { mode: 0o600 });
  } finally {
    lock.release();
  }
  await withHost(session, (client) => client.request('person/list', {}));
  terminal.out(
    'Nobody is enrolled here any more: a window that is opened now is, or this terminal: animus person enroll',
  );
  return EXIT.done;
}

function lockStore(store: string) {
  mkdirSync(store, { recursive: true, mode: 0o700 });
  const lock = tryLock(path.join(store, 'lock.db'));
  if (lock) return lock;
  throw new AnimusError(
    'host_running',
    'A host was started meanwhile, which goes on with those who are enrolled. Nothing was changed.',
    'Run it again.',
  );
}

async function confirmed(folder: string): Promise<boolean> {
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const about = `Every window and terminal that may decide in ${plainName(folder)} loses that, and is told so. What runs goes on.`;
    return (await prompt.question(`${about}\nType reset to go on: `)).trim() === 'reset';
  } finally {
    prompt.close();
  }
}
