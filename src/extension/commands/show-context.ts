/** Animus: Show What the Model Saw: a request as it was sent, built from rows, as a document that nobody can change. */
import * as vscode from 'vscode';
import * as z from 'zod';
import { hasBegun } from '../work/work-rows.ts';
import type { Command, Parts } from './command.ts';
import { namedWork, pickWork } from './pick-work.ts';
import { readWholeContext } from './whole-context.ts';

/** What one turn's request held: `animus-context:/<name>.json?<focus>/<turn>`. It never changes. */
export const CONTEXT_SCHEME = 'animus-context';

const namedTurn = z.looseObject({ focusId: z.uuid(), turn: z.int().min(1).max(1_000_000) });

/** Of the turn that is named, else of the newest that was answered: of the focus in front, or of picked work. */
export const showContext: Command = async (parts, argument) => {
  const asked = namedTurn.safeParse(argument).data;
  if (asked) return open(asked.focusId, asked.turn);
  const inFront = namedWork(argument) ?? parts.panels.activeFocus();
  const id = inFront ?? (await pickWork(parts, 'Animus: Show What the Model Saw', ({ item }) => hasBegun(item)));
  if (id === undefined) return undefined;
  const { focus_id, turn } = await parts.connection.request('focus/context', { id });
  return open(focus_id, turn);
};

/** Gives the text of a document of CONTEXT_SCHEME. */
export function contextContent({ connection }: Pick<Parts, 'connection'>): vscode.TextDocumentContentProvider {
  return {
    provideTextDocumentContent: ({ query }) => {
      const [focusId = '', turn] = query.split('/');
      return readWholeContext(connection, focusId, Number(turn));
    },
  };
}

async function open(focusId: string, turn: number): Promise<string> {
  const path = `/What the model saw, turn ${turn} of ${focusId.slice(-8)}.json`;
  const uri = vscode.Uri.from({ scheme: CONTEXT_SCHEME, path, query: `${focusId}/${turn}` });
  const document = await vscode.workspace.openTextDocument(uri);
  await vscode.window.showTextDocument(document, { preview: true });
  return focusId;
}
