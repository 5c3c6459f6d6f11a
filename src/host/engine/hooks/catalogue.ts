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
import { findFolders, stampOf, versionOf } from './hook-folders.ts';
import { loadHook } from './load-hook.ts';
import { type WorkspaceFolder, WorkspaceFolders, type WorkspaceFoldersOptions } from './workspace-folders.ts';

export type HookFolders = { personal: string; workspace: string };

export type HookCatalogueOptions = {
  folders: HookFolders;
  copies: AcceptedCopies;
  place: string;
  /** The workspace's real path. */
  workspace: string;
  /** For tests: how the workspace's folders are looked at. */
  looking?: WorkspaceFoldersOptions;
  /** Told of each look that found other hooks than the one before. */
  onChange(hooks: readonly Hook[]): void;
};

/** A workspace's hook and where it stands; null where nothing of it was read, since the folder is not trusted. */
export type WorkspaceHook = WorkspaceFolder & { state: Standing; hook: Hook | HookProblem | null };

export type Listed = { hooks: readonly Hook[]; problems: readonly HookProblem[]; workspace: readonly WorkspaceHook[] };

/** How long a look is good for, in milliseconds: calls come in bursts. */
const FRESH_MS = 250;
/** And how many times as long as it took, up to a bound: what lies in a workspace does not keep the host busy with looking. */
const FRESH_FACTOR = 10;
const LONGEST_FRESH_MS = 2000;

const NOTHING: Listed = { hooks: [], problems: [], workspace: [] };

export class HookCatalogue {
  #options: HookCatalogueOptions;
  #freshUntil = Number.NEGATIVE_INFINITY;
  #ofWorkspace: WorkspaceFolders;
  #signature = '';
  #listed = NOTHING;
  #looking: Promise<Listed> | undefined;

  constructor(options: HookCatalogueOptions) {
    this.#options = options;
    this.#ofWorkspace = new WorkspaceFolders(options.folders.workspace, options.looking);
  }

  /** As it was a moment ago at most. */
  current(db: Db): Promise<Listed> {
    if (performance.now() < this.#freshUntil) return Promise.resolve(this.#listed);
    this.#looking ??= this.#look(db).finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** As it is now, for a person who has just changed something. */
  async refresh(db: Db): Promise<Listed> {
    await this.#looking;
    this.#freshUntil = Number.NEGATIVE_INFINITY;
    return this.current(db);
  }

  /** Only the very content that the person was shown: `hash` is of that. False where it is another one by now. */
  async accept(db: Db, { name, hash, by }: { name: string; hash: string; by: string }): Promise<boolean> {
    const { copies, place } = this.#options;
    const content = readFolderContent(this.#ofWorkspace.folderOf(name).folder);
    if (content.kind !== 'content' || content.hash !== hash) return false;
    copies.keep(content);
    await acceptFolder(db, { place, kind: 'hook', name, hash, by });
    await this.refresh(db);
    return true;
  }

  async #look(db: Db): Promise<Listed> {
    const { folders, place, workspace, onChange } = this.#options;
    const isThere = existsSync(folders.workspace);
    const acceptance = isThere ? await readAcceptance(db, { place, workspace, kind: 'hook' }) : NOTHING_ACCEPTED;
    const began = performance.now();
    const personal = findFolders(folders.personal);
    const found = isThere ? await this.#found(acceptance) : [];
    const signature = JSON.stringify([stampOf(personal.folders), personal.problem, found, acceptance]);
    this.#freshUntil = freshUntil(began);
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

  /** Of a folder that is not trusted nothing is read: the names of the hooks are all there is to say. */
  #found({ isTrusted, folders }: Acceptance): Promise<WorkspaceFolder[]> | WorkspaceFolder[] {
    const found = this.#ofWorkspace.find(folders.map(({ name }) => name));
    return isTrusted ? this.#ofWorkspace.read(found) : found.map((one) => ({ ...one, hash: null, problem: null }));
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

function freshUntil(began: number): number {
  const now = performance.now();
  return now + Math.min(Math.max(FRESH_MS, FRESH_FACTOR * (now - began)), LONGEST_FRESH_MS);
}

function whereItStands(one: WorkspaceFolder, acceptance: Acceptance): WorkspaceHook {
  if (!acceptance.isTrusted) return { ...one, state: 'untrusted', hook: null };
  const hook = loadHook(one.name, { folder: one.folder, origin: 'workspace', version: one.hash ?? '' });
  return { ...one, state: standingOf(acceptance, one), hook };
}
