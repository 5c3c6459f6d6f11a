/** editor/unsaved. */
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { AnimusError } from '../../../protocol/errors.ts';
import type { Handlers } from '../context.ts';
import { refuseAgents } from '../refuse-agents.ts';

export const editorHandlers: Pick<Handlers, 'editor/unsaved'> = {
  async 'editor/unsaved'(context, { pid, paths }, session) {
    refuseAgents(session, pid, 'hold files open');
    if (session.client.kind !== 'vscode') {
      throw new AnimusError(
        'not_permitted',
        'Only a window of VS Code has files open.',
        'Save them where they are open.',
      );
    }
    const absolute = paths.filter((file) => path.isAbsolute(file));
    context.unsavedFiles.note(session.window, await Promise.all(absolute.map(realPathOf)));
    return {};
  },
};

/** Of a file that is only in the editor so far, where it will be. */
async function realPathOf(file: string): Promise<string> {
  try {
    return await realpath(file);
  } catch {
    return path.resolve(file);
  }
}
