/** Animus: Open Focus. The last focus of an item, or the one that is named. */
import * as vscode from 'vscode';
import * as z from 'zod';
import type { WorkView } from '../../protocol/work.ts';
import { messageText } from '../plain-text.ts';
import { hasBegun } from '../work/work-rows.ts';
import type { Command } from './command.ts';
import { namedWork, pickWork } from './pick-work.ts';

const namedFocus = z.looseObject({ focusId: z.uuid() });

export const openFocus: Command = async (parts, argument) => {
  const focus = namedFocus.safeParse(argument);
  if (focus.success) {
    parts.panels.show(focus.data.focusId, 'Focus');
    return focus.data.focusId;
  }
  const begun = ({ item }: { item: WorkView }) => hasBegun(item);
  const id = namedWork(argument) ?? (await pickWork(parts, 'Animus: Open Focus', begun));
  if (id === undefined) {
    if (parts.model.all().every((known) => !begun(known))) {
      void vscode.window.showInformationMessage('Animus: no work has begun here yet.');
    }
    return undefined;
  }
  const { item, foci } = await parts.connection.request('work/show', { id });
  const last = foci.at(-1);
  if (!last) {
    const why = item.reason ? `: ${messageText(item.reason)}` : '';
    void vscode.window.showInformationMessage(`Animus: this work has not begun yet${why}.`);
    return undefined;
  }
  parts.panels.show(last.id, item.description);
  return last.id;
};
