/** animus host start, stop, status. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type HostClient, HostGone } from '../../../client/host-client.ts';
import { AnimusError } from '../../../protocol/errors.ts';
import type { HostStatus } from '../../../protocol/host.ts';
import { readHostFile } from '../../../rendezvous/store-files.ts';
import { EXIT } from '../exit-codes.ts';
import { type CliSession, connect, connectIfRunning } from '../session.ts';
import { plain, plainName } from '../terminal.ts';

const GONE_WITHIN_MS = 10_000;

export async function hostStart(session: CliSession): Promise<number> {
  const client = await connect(session);
  // The database's own answer: a host whose store does not open has not really started.
  await client.request('trust/show', {});
  const status = await client.request('host/status', {});
  if (session.json) session.terminal.out(JSON.stringify({ running: true, host: status }));
  else session.terminal.out(`running: ${describeHost(status)}`);
  return EXIT.done;
}

export async function hostStop(session: CliSession): Promise<number> {
  if (!(await stopHost(session))) {
    session.terminal.out(session.json ? '{"stopped":false,"running":false}' : 'No host runs here.');
    return EXIT.done;
  }
  session.terminal.out(
    session.json ? '{"stopped":true,"running":false}' : 'Stopped. What was under way goes on with the next host.',
  );
  return EXIT.done;
}

/** Resolves when it is gone; false where none ran. */
export async function stopHost(session: CliSession): Promise<boolean> {
  const client = await connectIfRunning(session);
  if (!client) return false;
  const running = await askToDrain(client);
  if (running > 0)
    session.terminal.note(
      `Waiting for ${running} running ${running === 1 ? 'focus' : 'foci'} to reach a recorded point …`,
    );
  await client.closed;
  await untilGone(session.location.store, client.host.instance_id);
  return true;
}

/** The host closes its sockets, then its database, and takes its file away last. */
export async function untilGone(store: string, instanceId: string): Promise<void> {
  const deadline = Date.now() + GONE_WITHIN_MS;
  while (Date.now() < deadline) {
    const file = readHostFile(store);
    if (file.kind !== 'read' || file.value.instance_id !== instanceId) return;
    await sleep(20);
  }
  throw new AnimusError(
    'host_unreachable',
    'The host has closed its connections and is not gone after 10 s.',
    `See the log in ${store}/logs.`,
  );
}

/** A host that left before its answer came has done what was asked. */
async function askToDrain(client: HostClient): Promise<number> {
  try {
    return (await client.request('host/drain', { reason: 'animus host stop' })).running;
  } catch (error) {
    if (error instanceof HostGone) return 0;
    throw error;
  }
}

export async function hostStatus(session: CliSession): Promise<number> {
  const { terminal, json } = session;
  const client = await connectIfRunning(session);
  if (!client) {
    terminal.out(json ? '{"running":false}' : 'No host runs here. The next command that needs one starts it.');
    return EXIT.done;
  }
  const status = await client.request('host/status', {});
  terminal.out(json ? JSON.stringify({ running: true, host: status }) : `running: ${describeHost(status)}`);
  return EXIT.done;
}

export function describeHost(status: HostStatus): string {
  const database =
    status.database.kind === 'failed' ? `failed: ${plain(status.database.message)}` : status.database.kind;
  return [
    `process ${status.pid}, version ${plainName(status.version)} (${plainName(status.build)})`,
    `  folder    ${plainName(status.folder)}`,
    `  store     ${plainName(status.store_folder)}`,
    `  database  ${status.database_kind}, ${database}`,
  ].join('\n');
}
