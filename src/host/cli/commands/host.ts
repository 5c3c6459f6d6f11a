/** animus host start, stop, status. */
import type { HostStatus } from '../../../protocol/host.ts';
import { EXIT } from '../exit-codes.ts';
import { type CliSession, connect, connectIfRunning } from '../session.ts';

export async function hostStart(session: CliSession): Promise<number> {
  const client = await connect(session);
  try {
    // The database's own answer: a host whose store does not open has not really started.
    await client.request('trust/show', {});
    const status = await client.request('host/status', {});
    if (session.json) session.terminal.out(JSON.stringify({ running: true, host: status }));
    else session.terminal.out(`running: ${describeHost(status)}`);
    return EXIT.done;
  } finally {
    await client.close();
  }
}

export async function hostStop(session: CliSession): Promise<number> {
  const client = await connectIfRunning(session);
  if (!client) {
    session.terminal.out(session.json ? '{"stopped":false,"running":false}' : 'No host runs here.');
    return EXIT.done;
  }
  const { running } = await client.request('host/drain', { reason: 'animus host stop' });
  if (running > 0)
    session.terminal.note(
      `Waiting for ${running} running ${running === 1 ? 'focus' : 'foci'} to reach a recorded point …`,
    );
  await client.closed;
  session.terminal.out(
    session.json ? '{"stopped":true,"running":false}' : 'Stopped. What was under way goes on with the next host.',
  );
  return EXIT.done;
}

export async function hostStatus(session: CliSession): Promise<number> {
  const client = await connectIfRunning(session);
  if (!client) {
    session.terminal.out(
      session.json ? '{"running":false}' : 'No host runs here. The next command that needs one starts it.',
    );
    return EXIT.done;
  }
  try {
    const status = await client.request('host/status', {});
    session.terminal.out(
      session.json ? JSON.stringify({ running: true, host: status }) : `running: ${describeHost(status)}`,
    );
    return EXIT.done;
  } finally {
    await client.close();
  }
}

export function describeHost(status: HostStatus): string {
  const database = status.database.kind === 'failed' ? `failed: ${status.database.message}` : status.database.kind;
  return [
    `process ${status.pid}, version ${status.version} (${status.build})`,
    `  folder    ${status.folder}`,
    `  store     ${status.store_folder}`,
    `  database  ${status.database_kind}, ${database}`,
  ].join('\n');
}
