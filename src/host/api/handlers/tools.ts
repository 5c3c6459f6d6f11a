/** tool/offer, tool/list. */
import { AnimusError } from '../../../protocol/errors.ts';
import { readTrust } from '../../store/trust/trust.ts';
import type { Handlers } from '../context.ts';
import { refuseAgents } from '../refuse-agents.ts';

export const toolHandlers: Pick<Handlers, 'tool/offer' | 'tool/list'> = {
  async 'tool/offer'(context, { pid, tools }, session) {
    // Whoever offers a tool is handed its arguments and writes its results: an agent that could would speak for a person's editor.
    refuseAgents(session, pid, 'offer tools');
    if (session.client.kind !== 'vscode') {
      throw new AnimusError('not_permitted', 'Only a window of VS Code offers tools.', 'Name an MCP server instead.');
    }
    const db = await context.database();
    if (!(await readTrust(db, context.place, context.folder))) {
      throw new AnimusError('untrusted_folder', 'Nobody trusts this folder yet, so nothing was taken.', 'Trust it.');
    }
    context.windowTools.offer(session.window, tools);
    return {};
  },

  async 'tool/list'({ windowTools }) {
    const tools = [...windowTools.list()].sort(([a], [b]) => (a < b ? -1 : 1));
    return {
      windows: windowTools.windowCount,
      tools: tools.map(([name, { name: vscode_name, description, tags }]) => ({
        name,
        vscode_name,
        description,
        tags,
      })),
    };
  },
};
