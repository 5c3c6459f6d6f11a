/** model/list, model/test, model/offer. */
import { AnimusError } from '../../../protocol/errors.ts';
import { readTrust } from '../../store/trust/trust.ts';
import type { Handlers } from '../context.ts';
import { listProviders } from '../model-list.ts';
import { testModel } from '../model-test.ts';
import { refuseAgents } from '../refuse-agents.ts';

export const modelHandlers: Pick<Handlers, 'model/list' | 'model/test' | 'model/offer'> = {
  async 'model/list'(context, { provider }) {
    const providers = await listProviders(context, provider);
    if (provider !== undefined && providers.length === 0) {
      const names = [...context.providers.map(({ name }) => name), 'vscode'].join(', ');
      throw new AnimusError('unknown_model', `No provider is named "${provider}".`, `There are ${names}.`);
    }
    return { default_model: context.models.defaultModel, providers };
  },

  async 'model/test'(context, { model = context.models.defaultModel }) {
    const known = context.isKnownModel(model);
    if (known !== true) throw new AnimusError('unknown_model', known, 'animus model list shows what there is.');
    return testModel(context, model);
  },

  async 'model/offer'(context, { pid, models }, session) {
    // Whoever offers a model writes its answers: an agent that could would tell its own host what to do.
    refuseAgents(session, pid, 'offer models');
    if (session.client.kind !== 'vscode') {
      throw new AnimusError('not_permitted', 'Only a window of VS Code offers models.', 'Name a model of a provider.');
    }
    const db = await context.database();
    if (!(await readTrust(db, context.place, context.folder))) {
      throw new AnimusError('untrusted_folder', 'Nobody trusts this folder yet, so nothing was taken.', 'Trust it.');
    }
    context.windowModels.offer(session.window, models);
    await context.wakeWaiting();
    return {};
  },
};
