/** Hooks on the disk, and the focus that they are asked for. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Db } from '../../src/host/db/types.ts';
import { AcceptedCopies } from '../../src/host/engine/acceptance/accepted-copies.ts';
import type { BeforeTool } from '../../src/host/engine/engage/hooks.ts';
import { HookCatalogue } from '../../src/host/engine/hooks/catalogue.ts';
import { FocusHooks } from '../../src/host/engine/hooks/focus-hooks.ts';
import { PersistentHooks } from '../../src/host/engine/hooks/persistent-hooks.ts';
import type { WorkspaceFoldersOptions } from '../../src/host/engine/hooks/workspace-folders.ts';
import type { JsonValue } from '../../src/host/llm/types.ts';

export type HookKeys = { command: string; events?: string[]; [key: string]: unknown };

/** Writes HOOK.md, with JSON for the values: YAML reads it. */
export function writeHook(root: string, name: string, { events = ['BeforeToolCall'], ...keys }: HookKeys): string {
  const folder = path.join(root, name);
  mkdirSync(folder, { recursive: true });
  const all = { name, description: 'A hook of a test.', events, ...keys };
  const yaml = Object.entries(all).map(([key, value]) => `${key}: ${JSON.stringify(value)}`);
  writeFileSync(path.join(folder, 'HOOK.md'), `---\n${yaml.join('\n')}\n---\n\nWhat it is for.\n`);
  return folder;
}

/** For hooks of the person's own nobody asks the database. */
export const NO_DATABASE = {} as Db;

export type HooksInOptions = { db?: Db; place?: string; workspace?: string; looking?: WorkspaceFoldersOptions };

export function hooksIn(
  home: string,
  { db = NO_DATABASE, place = 'place', workspace = path.join(home, 'workspace'), looking = {} }: HooksInOptions = {},
) {
  const storeId = '5f0c1f5e-8f5b-4f0e-9a53-3a1f6f9b1c11';
  const environment = { PATH: process.env.PATH ?? '/bin:/usr/bin' };
  const persistent = new PersistentHooks(storeId, environment);
  const catalogue = new HookCatalogue({
    folders: { personal: path.join(home, 'hooks'), workspace: path.join(workspace, '.animus/hooks') },
    copies: new AcceptedCopies(path.join(home, 'accepted')),
    place,
    workspace,
    looking,
    onChange: (hooks) => void persistent.keepOnly(hooks),
  });
  const ids = { workItemId: 'work-1', focusId: 'focus-1', faculty: 'general', workspace };
  const hooks = new FocusHooks({ db, catalogue, processes: { storeId, environment, persistent }, ids });
  return { catalogue, hooks, persistent };
}

export function askedAbout(name: string, input: JsonValue = {}, changes: Partial<BeforeTool> = {}): BeforeTool {
  const call = {
    ...{ id: 'call-1', turn: 3, caller: 'model' as const, position: 0, providerCallId: 'p', name, input },
    ...{ started: false, waiting: false, result: null },
  };
  return { call, effect: 'write', input, complaint: () => undefined, ...changes };
}
