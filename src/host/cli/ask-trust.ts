/** Trust in a folder: asked once on a terminal, granted by --trust in a script, refused to whatever an agent started. */
import { createInterface } from 'node:readline/promises';
import type { HostClient } from '../../client/host-client.ts';
import { AnimusError } from '../../protocol/errors.ts';
import { showFirstKey } from './as-person.ts';
import type { CliSession } from './session.ts';
import { plainName } from './terminal.ts';

export async function grantTrust(session: CliSession, client: HostClient) {
  await showFirstKey(session, client);
  return client.request('trust/grant', { folder: session.folder, pid: process.pid });
}

/** Makes sure that the folder is trusted before work is submitted. Throws AnimusError `untrusted_folder`. */
export async function ensureTrusted(session: CliSession, client: HostClient, granted: boolean): Promise<void> {
  const { trusted } = await client.request('trust/show', {});
  if (trusted) return;
  if (granted || (await askOnTerminal(session))) {
    await grantTrust(session, client);
    session.terminal.note(`Trusted from now on: ${plainName(session.folder)}`);
    return;
  }
  throw new AnimusError(
    'untrusted_folder',
    `The folder ${session.folder} is not trusted, so no agent works in it. Nothing was submitted.`,
    'If you trust what is in it, run: animus trust (or give --trust)',
  );
}

async function askOnTerminal({ folder, json }: CliSession): Promise<boolean> {
  if (json || !process.stdin.isTTY || !process.stderr.isTTY) return false;
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await prompt.question(trustQuestion(folder));
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    prompt.close();
  }
}

/** Whoever made the folder chose its name, and may have put there what looks like another question. */
export function trustQuestion(folder: string): string {
  const name = plainName(folder);
  return `Agents will read the files in ${name} and send what they read to the model.\nDo you trust this folder? [y/N] `;
}
