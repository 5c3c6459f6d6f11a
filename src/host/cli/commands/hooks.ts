/** animus hooks: those there are, and accepting a workspace's. */
import { AnimusError } from '../../../protocol/errors.ts';
import type { HookView } from '../../../protocol/hooks.ts';
import { asPerson } from '../as-person.ts';
import { EXIT } from '../exit-codes.ts';
import { type CliSession, withHost } from '../session.ts';
import { plain, plainName, table } from '../terminal.ts';

export async function hooksList(session: CliSession): Promise<number> {
  const { terminal, json } = session;
  const { hooks } = await withHost(session, (client) => client.request('hook/list', {}));
  if (json) {
    terminal.out(JSON.stringify({ hooks }));
    return EXIT.done;
  }
  if (hooks.length === 0) {
    terminal.out('No hooks.');
    return EXIT.done;
  }
  const rows = hooks.map(({ name, origin, state, events, description }) => {
    return [name, origin, state, events.join(' '), description ?? ''];
  });
  terminal.out(table([['NAME', 'FROM', 'STATE', 'EVENTS', 'WHAT FOR'], ...rows], terminal.width));
  for (const hook of hooks) {
    if (hook.problem !== null) terminal.out(`\n${terminal.paint('red', 'not usable')}  ${plain(hook.problem)}`);
    else if (asksAcceptance(hook)) terminal.out(`\n${acceptanceAdvice(hook)}`);
  }
  if (hooks.some(isUntrusted)) terminal.out(`\n${NOT_READ}\n  ${TRUST}`);
  return EXIT.done;
}

const asksAcceptance = ({ state }: HookView) => state === 'new' || state === 'changed';

const isUntrusted = ({ state }: HookView) => state === 'untrusted';
const NOT_READ = 'The folder is not trusted, so nothing of its hooks was read, and none runs.';
const TRUST = 'If you trust what is in it, run: animus trust';

function acceptanceAdvice({ name, state, folder, command }: HookView): string {
  const what = state === 'new' ? 'does not run yet' : 'has changed: what was accepted before runs';
  return `${name} ${what}. It would run: ${plain(command ?? '')}\n  Look through ${plainName(folder)}, then: animus hooks accept ${name}`;
}

export type AcceptOptions = { hash?: string };

/** Without a hash it is what lies there now, which the person is told. */
export async function hooksAccept(session: CliSession, { hash }: AcceptOptions, name: string): Promise<number> {
  const { terminal, json } = session;
  const result = await asPerson(session, async (client) => {
    const { hooks } = await client.request('hook/list', {});
    const found = hooks.find((hook) => hook.origin === 'workspace' && hook.name === name);
    if (found?.hash == null) throw notAcceptable(name, found);
    return client.request('hook/accept', { name, hash: hash ?? found.hash, pid: process.pid });
  });
  const { hook } = result;
  terminal.out(
    json
      ? JSON.stringify(result)
      : `accepted: ${name} (${hook.hash?.slice(0, 12)}), which runs ${plain(hook.command ?? '')}`,
  );
  return EXIT.done;
}

function notAcceptable(name: string, found: HookView | undefined): AnimusError {
  if (found && isUntrusted(found))
    return new AnimusError('untrusted_folder', `${NOT_READ} Nothing was accepted.`, TRUST);
  const next = 'See what there is: animus hooks list';
  return found
    ? new AnimusError('wrong_state', `The hook ${name} cannot be accepted: ${found.problem}`, next)
    : new AnimusError('not_found', `This workspace has no hook ${name}. Nothing was accepted.`, next);
}
