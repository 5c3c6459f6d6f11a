/** hook/list and hook/accept. Accepting is a person's: nothing that an agent started may do it. */
import { AnimusError } from '../../../protocol/errors.ts';
import type { HookView } from '../../../protocol/hooks.ts';
import type { Listed, WorkspaceHook } from '../../engine/hooks/catalogue.ts';
import type { Hook, HookProblem } from '../../engine/hooks/hook.ts';
import type { Handlers } from '../context.ts';
import { requirePerson } from '../require-person.ts';
import { requireTrust } from './work.ts';

export const hookHandlers: Pick<Handlers, 'hook/list' | 'hook/accept'> = {
  async 'hook/list'(context) {
    return { hooks: viewHooks(await context.hooks.refresh(await context.database())) };
  },

  async 'hook/accept'(context, { name, hash, pid }, session) {
    const db = await context.database();
    await requireTrust(context, db);
    await requirePerson(context, session, pid, 'accept a hook');
    const found = (await context.hooks.refresh(db)).workspace.find((one) => one.name === name);
    if (!found) {
      const message = `This workspace has no hook ${name}. Nothing was accepted.`;
      throw new AnimusError('not_found', message, 'See what there is: animus hooks list');
    }
    // Null where the trust has gone meanwhile: then no content is what was shown.
    if (found.hook && !('events' in found.hook)) {
      throw new AnimusError(
        'wrong_state',
        `${found.hook.message} Nothing was accepted.`,
        'Correct it, and look again.',
      );
    }
    if (!(await context.hooks.accept(db, { name, hash, by: session.client.kind }))) {
      const message = `The hook ${name} is not what was shown any more. Nothing was accepted.`;
      throw new AnimusError('wrong_state', message, 'Look at it again, then accept it.');
    }
    const now = viewHooks(await context.hooks.refresh(db)).find(
      (one) => one.origin === 'workspace' && one.name === name,
    );
    if (!now) throw new Error('A hook that was accepted is gone.');
    return { hook: now };
  },
};

function viewHooks({ hooks, problems, workspace }: Listed): HookView[] {
  const personal = hooks.filter(({ origin }) => origin === 'personal');
  const broken = problems.filter(({ origin }) => origin === 'personal');
  return [
    ...personal.map((hook) => viewHook(hook, { state: hook.enabled ? 'active' : 'disabled', hash: null })),
    ...broken.map((problem) => viewBroken(problem, null)),
    ...workspace.map((one) => viewWorkspaceHook(one, problems)),
  ];
}

function viewWorkspaceHook(one: WorkspaceHook, problems: readonly HookProblem[]): HookView {
  const { hook, hash, state } = one;
  if (hook === null) return viewUnread(one);
  if (!('events' in hook)) return viewBroken(hook, hash);
  // What was accepted may have gone from where its copy lay.
  const lost = problems.find(({ origin, name }) => origin === 'workspace' && name === one.name);
  if (one.problem !== null || lost) {
    const problem = one.problem ?? lost?.message ?? null;
    return { ...viewHook(hook, { state: 'broken', hash }), problem };
  }
  if (state === 'accepted') return viewHook(hook, { state: hook.enabled ? 'active' : 'disabled', hash });
  return viewHook(hook, { state, hash });
}

function viewHook(hook: Hook, { state, hash }: Pick<HookView, 'state' | 'hash'>): HookView {
  const { name, origin, description, events, matcher, command, mode, priority, folder } = hook;
  return { name, origin, state, description, events, matcher, command, mode, priority, folder, hash, problem: null };
}

const UNKNOWN = { description: null, events: [], matcher: null, command: null, mode: null, priority: null };

function viewBroken({ name, origin, file, message, next }: HookProblem, hash: string | null): HookView {
  return { name, origin, state: 'broken', ...UNKNOWN, folder: file, hash, problem: `${message} ${next}` };
}

function viewUnread({ name, folder }: WorkspaceHook): HookView {
  return { name, origin: 'workspace', state: 'untrusted', ...UNKNOWN, folder, hash: null, problem: null };
}
