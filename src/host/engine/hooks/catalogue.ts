/**
 * The hooks there are: the person's own, accepted by lying in their own folder, and those of a trusted workspace whose whole
 * content a person accepted, which run from a copy of that. Read again when something changes.
 */
import { existsSync } from 'node:fs';
import type { Db } from '../../db/types.ts';
import { acceptFolder } from '../../store/acceptance/accepted-folders.ts';
import type { AcceptedCopies } from '../acceptance/accepted-copies.ts';
import { readFolderContent } from '../acceptance/folder-content.ts';
import {
  type Acceptance,
  NOTHING_ACCEPTED,
  readAcceptance,
  runningHash,
  type Standing,
  standingOf,
} from '../acceptance/standing.ts';
import { type Hook, type HookProblem, inOrder } from './hook.ts';
import { findFolders, readWorkspaceFolders, stampOf, versionOf, type WorkspaceFolder } from './hook-folders.ts';
import { loadHook } from './load-hook.ts';

export type HookFolders = { personal: string; workspace: string };

export type HookCatalogueOptions = {
  folders: HookFolders;
  copies: AcceptedCopies;
  place: string;
  /** The workspace's real path. */
  workspace: string;
  /** Told of each look that found other hooks than the one before. */
  onChange(hooks: readonly Hook[]): void;
};

/** A workspace's hook and where it stands. */
export type WorkspaceHook = WorkspaceFolder & { state: Standing; hook: Hook | HookProblem };

export type Listed = { hooks: readonly Hook[]; problems: readonly HookProblem[]; workspace: readonly WorkspaceHook[] };

/** How long a look is good for, in milliseconds: calls come in bursts. */
const FRESH_MS = 250;

const NOTHING: Listed = { hooks: [], problems: [], workspace: [] };

export class HookCatalogue {
  #options: HookCatalogueOptions;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #signature = '';
  #listed = NOTHING;
  #looking: Promise<Listed> | undefined;

  constructor(options: HookCatalogueOptions) {
    this.#options = options;
  }

  /** As it was a moment ago at most. */
  current(db: Db): Promise<Listed> {
    if (performance.now() - this.#lookedAt < FRESH_MS) return Promise.resolve(this.#listed);
    this.#looking ??= this.#look(db).finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** As it is now, for a person who has just changed something. */
  async refresh(db: Db): Promise<Listed> {
    await this.#looking;
    this.#lookedAt = Number.NEGATIVE_INFINITY;
    return this.current(db);
  }

  /** Only the very content that the person was shown: `hash` is of that. False where it is another one by now. */
  async accept(db: Db, { name, hash, by }: { name: string; hash: string; by: string }): Promise<boolean> {
    const { folders, copies, place } = this.#options;
    const found = findFolders(folders.workspace).folders.find((folder) => folder.name === name);
    const content = found && readFolderContent(found.folder);
    if (content?.kind !== 'content' || content.hash !== hash) return false;
    copies.keep(content);
    await acceptFolder(db, { place, kind: 'hook', name, hash, by });
    await this.refresh(db);
    return true;
  }

  async #look(db: Db): Promise<Listed> {
    const { folders, place, workspace, onChange } = this.#options;
    const personal = findFolders(folders.personal);
    const found = existsSync(folders.workspace) ? readWorkspaceFolders(folders.workspace) : [];
    const acceptance =
      found.length === 0 ? NOTHING_ACCEPTED : await readAcceptance(db, { place, workspace, kind: 'hook' });
    const signature = JSON.stringify([stampOf(personal.folders), personal.problem, found, acceptance]);
    this.#lookedAt = performance.now();
    if (signature === this.#signature) return this.#listed;
    const own = personal.folders.map(({ name, folder: own }) => {
      const hook = loadHook(name, { folder: own, origin: 'personal', version: '' });
      return 'events' in hook ? { ...hook, version: versionOf(own, hook.command) } : hook;
    });
    const all = [...own, ...found.flatMap((one) => this.#acceptedHook(one, acceptance))];
    this.#signature = signature;
    this.#listed = {
      hooks: all.filter((one) => 'events' in one).sort(inOrder),
      problems: [...all.filter((one) => 'message' in one), ...(personal.problem ? [personal.problem] : [])],
      workspace: found.map((one) => whereItStands(one, acceptance)),
    };
    onChange(this.#listed.hooks);
    return this.#listed;
  }

  #acceptedHook(one: WorkspaceFolder, acceptance: Acceptance): (Hook | HookProblem)[] {
    const running = runningHash(acceptance, one);
    if (running === undefined) return [];
    const { copies } = this.#options;
    const folder = copies.pathOf(running);
    if (copies.isWhole(running)) {
      return [loadHook(one.name, { folder, origin: 'workspace', version: running })];
    }
    const message = `${folder}: the copy of the accepted hook ${one.name} is gone, or is another one by now.`;
    const next = `Accept the hook again: animus hooks accept ${one.name}`;
    return [{ name: one.name, origin: 'workspace', file: folder, message, next }];
  }
}

function whereItStands(one: WorkspaceFolder, acceptance: Acceptance): WorkspaceHook {
  const hook = loadHook(one.name, { folder: one.folder, origin: 'workspace', version: one.hash ?? '' });
  return { ...one, state: standingOf(acceptance, one), hook };
}
