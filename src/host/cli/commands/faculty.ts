/** animus faculty list, review, accept. */
import { createInterface } from 'node:readline/promises';
import { reviewText } from '../../../client/faculty-review.ts';
import type { HostClient } from '../../../client/host-client.ts';
import { AnimusError } from '../../../protocol/errors.ts';
import type { FacultyFolderView, FacultyReview } from '../../../protocol/faculties.ts';
import { asPerson } from '../as-person.ts';
import { EXIT } from '../exit-codes.ts';
import { type CliSession, withHost } from '../session.ts';
import { plain, plainName, table } from '../terminal.ts';

export async function facultyList(session: CliSession): Promise<number> {
  const { terminal, json } = session;
  const listed = await withHost(session, (client) => client.request('faculty/list', {}));
  if (json) {
    terminal.out(JSON.stringify(listed));
    return EXIT.done;
  }
  const rows = listed.faculties.map(({ name, origin, description }) => [name, origin, description]);
  terminal.out(table([['NAME', 'FROM', 'WHAT FOR'], ...rows], terminal.width));
  for (const { name, shadows } of listed.faculties) {
    for (const { name: wanted, faculty, origin } of shadows) {
      terminal.out(`\n${name} of this folder takes the name ${wanted} from the ${origin} faculty ${faculty}.`);
    }
  }
  const advice = listed.workspace && acceptanceAdvice(listed.workspace);
  if (advice) terminal.out(`\n${advice}`);
  for (const { message, next } of listed.problems) {
    terminal.out(`\n${terminal.paint('red', 'not usable')}  ${plain(message)}\n  ${plain(next)}`);
  }
  return EXIT.done;
}

function acceptanceAdvice({ state, folder, names, problem }: FacultyFolderView): string | undefined {
  const named = names.length === 0 ? '' : ` (${names.map(plainName).join(', ')})`;
  const what = `The faculties in ${plainName(folder)}${named}`;
  if (state === 'untrusted') return `${what} are not used: the folder is not trusted.\n  If you trust it: animus trust`;
  if (problem !== null) return `${what} cannot be accepted: ${plain(problem)}`;
  const next = '\n  See what they would run, and accept them: animus faculty accept';
  if (state === 'new') return `${what} are not used: nobody has accepted them.${next}`;
  if (state === 'changed') return `${what} have changed: what was accepted before is used.${next}`;
  return undefined;
}

export async function facultyReview(session: CliSession): Promise<number> {
  const { terminal, json } = session;
  const { review } = await withHost(session, (client) => client.request('faculty/review', {}));
  terminal.out(
    json ? JSON.stringify({ review }) : review ? showReview(review) : 'This workspace brings no faculties along.',
  );
  return EXIT.done;
}

export type AcceptOptions = { hash?: string; yes?: boolean };

/** Without a hash it is what lies there now, which the person is shown, and on a terminal asked about. */
export async function facultyAccept(session: CliSession, options: AcceptOptions): Promise<number> {
  const { terminal, json } = session;
  const result = await asPerson(session, async (client) => {
    const hash = options.hash ?? (await shownHash(session, client, options.yes ?? false));
    return client.request('faculty/accept', { hash, pid: process.pid });
  });
  const { names, hash } = result.workspace;
  terminal.out(json ? JSON.stringify(result) : `accepted: ${names.join(', ')} (${hash?.slice(0, 12)})`);
  return EXIT.done;
}

async function shownHash(session: CliSession, client: HostClient, isSaid: boolean): Promise<string> {
  const { review } = await client.request('faculty/review', {});
  const nothing = 'Nothing was accepted.';
  if (!review) {
    throw new AnimusError(
      'not_found',
      `This workspace brings no faculties along. ${nothing}`,
      'They would lie in .animus/faculties.',
    );
  }
  if (review.state === 'untrusted') {
    const message = `The folder ${session.folder} is not trusted, so its faculties are not looked into. ${nothing}`;
    throw new AnimusError('untrusted_folder', message, 'If you trust what is in it, run: animus trust');
  }
  session.terminal.note(showReview(review));
  if (review.hash === null) {
    throw new AnimusError(
      'wrong_state',
      `They cannot be accepted: ${review.problem}. ${nothing}`,
      'Correct them first.',
    );
  }
  if (isSaid || review.state === 'accepted' || (await confirmed(session))) return review.hash;
  throw new AnimusError('invalid_params', nothing, 'To accept what lies there without being asked: --yes, or --hash');
}

async function confirmed({ json }: CliSession): Promise<boolean> {
  if (json || !process.stdin.isTTY || !process.stderr.isTTY) return false;
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await prompt.question('Accept them? [y/N] ')).trim());
  } finally {
    prompt.close();
  }
}

function showReview(review: FacultyReview): string {
  return `${reviewText(review, plain)}\n\nHash: ${review.hash ?? 'none'}`;
}
