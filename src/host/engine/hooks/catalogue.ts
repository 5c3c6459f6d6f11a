/**
 * The hooks there are: the person's own, accepted by lying in their own folder, and those of a trusted workspace whose whole
 * content a person accepted, which run from a copy of that. Read again when something changes.
 */
import { existsSync } from 'node:fs';
import type { Db } from '../../db/types.ts';
import { type AcceptedFolder, acceptFolder, readAcceptedFolders } from '../../store/acceptance/accepted-folders.ts';
import { readTrust } from '../../store/trust/trust.ts';
import type { AcceptedCopies } from '../acceptance/accepted-copies.ts';
import { readFolderContent } from '../acceptance/folder-content.ts';
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

/** A workspace's hook and where it stands. `changed`: the accepted content runs until the new one is accepted. */
export type WorkspaceHook = WorkspaceFolder & {
  state: 'accepted' | 'changed' | 'new' | 'untrusted';
  hook: Hook | HookProblem;
};

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
    const { folders, place, workspace: folder, onChange } = this.#options;
    const personal = findFolders(folders.personal);
    const found = existsSync(folders.workspace) ? readWorkspaceFolders(folders.workspace) : [];
    const accepted = found.length === 0 ? [] : await readAcceptedFolders(db, place, 'hook');
    const isTrusted = found.length > 0 && (await readTrust(db, place, folder)) !== undefined;
    const signature = JSON.stringify([stampOf(personal.folders), personal.problem, found, accepted, isTrusted]);
    this.#lookedAt = performance.now();
    if (signature === this.#signature) return this.#listed;
    const own = personal.folders.map(({ name, folder: own }) => {
      const hook = loadHook(name, { folder: own, origin: 'personal', version: '' });
      return 'events' in hook ? { ...hook, version: versionOf(own, hook.command) } : hook;
    });
    const workspace = found.map((one) => this.#standingOf(one, accepted, isTrusted));
    const running = isTrusted ? workspace.flatMap((one) => this.#acceptedHook(one, accepted)) : [];
    const all = [...own, ...running];
    this.#signature = signature;
    this.#listed = {
      hooks: all.filter((one) => 'events' in one).sort(inOrder),
      problems: [...all.filter((one) => 'message' in one), ...(personal.problem ? [personal.problem] : [])],
      workspace,
    };
    onChange(this.#listed.hooks);
    return this.#listed;
  }

  #standingOf(one: WorkspaceFolder, accepted: readonly AcceptedFolder[], isTrusted: boolean): WorkspaceHook {
    const own = accepted.filter(({ name }) => name === one.name);
    const isAccepted = one.hash !== null && own.some(({ hash }) => hash === one.hash);
    const state = !isTrusted ? 'untrusted' : isAccepted ? 'accepted' : own.length > 0 ? 'changed' : 'new';
    const hook = loadHook(one.name, { folder: one.folder, origin: 'workspace', version: one.hash ?? '' });
    return { ...one, state, hook };
  }

  /** What runs: the content as it is, where that was accepted; else the one that was accepted last. */
  #acceptedHook(one: WorkspaceHook, accepted: readonly AcceptedFolder[]): (Hook | HookProblem)[] {
    const own = accepted.filter(({ name }) => name === one.name);
    const running = own.find(({ hash }) => hash === one.hash) ?? own[0];
    if (!running) return [];
    const { copies } = this.#options;
    const folder = copies.pathOf(running.hash);
    if (copies.isWhole(running.hash)) {
      return [loadHook(one.name, { folder, origin: 'workspace', version: running.hash })];
    }
    const message = `${folder}: the copy of the accepted hook ${one.name} is gone, or is another one by now.`;
    const next = `Accept the hook again: animus hooks accept ${one.name}`;
    return [{ name: one.name, origin: 'workspace', file: folder, message, next }];
  }
}
