/** Which work a command is about: named by a row of the tree or by an id, else picked from a list. */
import * as vscode from 'vscode';
import * as z from 'zod';
import type { WorkView } from '../../protocol/work.ts';
import type { KnownWork } from '../work/work-model.ts';
import { groupOf } from '../work/work-rows.ts';
import type { Parts } from './command.ts';
import { workChoice } from './work-choice.ts';

/** A row of the tree has `kind` and `id`; commands pass `workId`. */
const named = z.union([
  z.looseObject({ workId: z.uuid() }).transform(({ workId }) => workId),
  z.looseObject({ kind: z.literal('work'), id: z.uuid() }).transform(({ id }) => id),
]);

export const namedWork = (argument: unknown): string | undefined => named.safeParse(argument).data;

const ORDER = ['waiting', 'running', 'paused', 'finished', 'queued'] as const;

export async function pickWork(
  { connection, model }: Parts,
  title: string,
  wanted: (known: KnownWork) => boolean,
): Promise<string | undefined> {
  // The window may not have asked yet what there is.
  await connection.start();
  const listed = model.loaded ? model.all() : await listAll(connection);
  const items = listed
    .filter(wanted)
    .sort((a, b) => ORDER.indexOf(groupOf(a.item)) - ORDER.indexOf(groupOf(b.item)))
    .map((known) => workChoice(known, model));
  if (items.length === 0) return undefined;
  const picked = await vscode.window.showQuickPick(items, {
    title,
    placeHolder: 'Which work?',
    matchOnDescription: true,
  });
  return picked?.id;
}

async function listAll(connection: Parts['connection']): Promise<KnownWork[]> {
  const { items } = await connection.request('work/list', { limit: 200 });
  return items.map((item: WorkView) => ({ item, foci: null, activity: null }));
}
