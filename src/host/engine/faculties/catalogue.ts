/**
 * The faculties there are: bundled ones, then the user's own, then those of the workspace that a person accepted; the later
 * win by name. Files are read again when they change. What was accepted it is told: it reads no database.
 */
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { AcceptedCopies } from '../acceptance/accepted-copies.ts';
import type { ContentFile } from '../acceptance/folder-content.ts';
import { type Acceptance, NOTHING_ACCEPTED } from '../acceptance/standing.ts';
import { folderOf } from './faculty-folder.ts';
import { loadFaculty } from './load.ts';
import { type Taken, takenBy } from './powers.ts';
import type { Faculty, FacultyProblem } from './schema.ts';
import { WorkspaceFaculties, type WorkspaceLook } from './workspace-faculties.ts';

export type FacultyFolders = {
  bundled: string;
  personal: string;
  workspace: string;
  /** Where the copies of what was accepted lie. */
  accepted: string;
};

export type FacultyLookup =
  | { kind: 'found'; faculty: Faculty }
  /** A file by that name is there but gives no faculty. */
  | { kind: 'broken'; problem: FacultyProblem }
  /** The workspace brings it along, and nobody accepted it. */
  | { kind: 'unaccepted' }
  | { kind: 'unknown' };

export type Listed = {
  faculties: readonly Faculty[];
  problems: readonly FacultyProblem[];
  /** Undefined where the workspace brings none along. */
  workspace: WorkspaceLook | undefined;
};

/** How long a look at the folders is good for, in milliseconds: lists and claims come in bursts. */
const FRESH_MS = 250;

/** Whose alias counts where several have it. */
const ORIGINS = ['workspace', 'personal', 'bundled'] as const;

export class FacultyCatalogue {
  #folders: FacultyFolders;
  #now: () => number;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #signature = '';
  #acceptance = NOTHING_ACCEPTED;
  #ofWorkspace: WorkspaceFaculties;
  #others: readonly Faculty[] = [];
  #listed: Listed = { faculties: [], problems: [], workspace: undefined };

  constructor(folders: FacultyFolders, now: () => number = Date.now) {
    this.#folders = folders;
    this.#now = now;
    this.#ofWorkspace = new WorkspaceFaculties(folders.workspace, new AcceptedCopies(folders.accepted));
  }

  /** What people said of the workspace's faculties, whenever that may have changed. */
  learn(acceptance: Acceptance): void {
    this.#acceptance = acceptance;
    this.refresh();
  }

  /** Looks at the folders now, for a person who has just changed a file. */
  refresh(): void {
    this.#lookedAt = Number.NEGATIVE_INFINITY;
    this.#refresh();
  }

  list(): Listed {
    this.#refresh();
    return this.#listed;
  }

  /** By name or alias. */
  find(wanted: string): FacultyLookup {
    const { faculties, problems, workspace } = this.list();
    const lost = workspace && lostNames(workspace).includes(wanted) ? workspace.accepted?.problems[0] : undefined;
    if (lost) return { kind: 'broken', problem: lost };
    const faculty =
      faculties.find(({ name }) => name === wanted) ??
      ORIGINS.flatMap((from) => faculties.filter(({ origin }) => origin === from)).find(({ accepts }) =>
        accepts.includes(wanted),
      );
    if (faculty) return { kind: 'found', faculty };
    const problem = problems.find(({ file }) => path.basename(file, '.toml') === wanted);
    if (problem) return { kind: 'broken', problem };
    const { present } = workspace ?? {};
    const isBrought =
      present?.names.includes(wanted) || present?.faculties.some(({ accepts }) => accepts.includes(wanted));
    return { kind: isBrought ? 'unaccepted' : 'unknown' };
  }

  /** The names that mean this faculty of the workspace and another one without it. */
  takenBy(faculty: Faculty): Taken[] {
    return faculty.origin === 'workspace' ? takenBy(faculty, this.#others) : [];
  }

  /** Lays down a copy of the workspace's faculties. False where they are not what the hash says, or there are none. */
  keep(hash: string): boolean {
    return this.#ofWorkspace.keep(hash);
  }

  /** Whether what the faculty starts is what a person accepted; always so for one that nobody has to accept. */
  isAsAccepted(faculty: Faculty): boolean {
    return faculty.origin !== 'workspace' || this.acceptedFiles(path.basename(folderOf(faculty))) !== undefined;
  }

  /** Undefined where the copy is gone, or another one. */
  acceptedFiles(hash: string): readonly ContentFile[] | undefined {
    return this.#ofWorkspace.filesOf(hash);
  }

  #refresh(): void {
    const now = this.#now();
    if (now - this.#lookedAt < FRESH_MS) return;
    this.#lookedAt = now;
    const folders = [readFolder(this.#folders.bundled), readFolder(this.#folders.personal)];
    const stamps = folders.map(({ stamp }) => stamp);
    const acceptance = this.#acceptance;
    const signature = JSON.stringify([stamps, this.#ofWorkspace.stamp(acceptance), acceptance]);
    if (signature === this.#signature) return;
    this.#signature = signature;
    const files = folders.flatMap((folder) => folder.files);
    this.#load(
      files,
      folders.flatMap(({ problem }) => problem ?? []),
    );
  }

  #load(files: readonly string[], unreadable: readonly FacultyProblem[]): void {
    const byName = new Map<string, Faculty>();
    const problems = [];
    for (const file of files) {
      const loaded = loadFaculty(file, path.dirname(file) === this.#folders.bundled ? 'bundled' : 'personal');
      if ('message' in loaded) problems.push(loaded);
      else byName.set(loaded.name, loaded);
    }
    this.#others = inOrder(byName);
    const workspace = this.#ofWorkspace.look(this.#acceptance);
    for (const faculty of workspace?.accepted?.faculties ?? []) byName.set(faculty.name, faculty);
    // Nothing else takes their places: what they forbid and check would be gone without a word.
    for (const name of workspace ? lostNames(workspace) : []) byName.delete(name);
    problems.push(...(workspace ? problemsOf(workspace) : []), ...unreadable);
    this.#listed = { faculties: inOrder(byName), problems, workspace };
  }
}

/** The names of accepted faculties whose copy is gone, as far as their folder still has them. */
function lostNames({ present, accepted }: WorkspaceLook): readonly string[] {
  return accepted && !accepted.isWhole ? present.names : [];
}

/** Of what is used and of what is there, each once: what is wrong in both is told of the file that a person corrects. */
function problemsOf({ present, accepted }: WorkspaceLook): readonly FacultyProblem[] {
  if (!accepted) return present.problems;
  return accepted.hash === present.hash && accepted.isWhole
    ? present.problems
    : [...accepted.problems, ...present.problems];
}

function inOrder(byName: ReadonlyMap<string, Faculty>): Faculty[] {
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** More files than anybody has faculties; a folder with more of them is not one of faculties. */
const MOST_FILES = 1000;

type Folder = { files: string[]; stamp: string; problem?: FacultyProblem };

/** Prompt files count for the stamp too: a changed prompt changes its faculty. What a folder holds never throws. */
function readFolder(folder: string): Folder {
  try {
    const names = readdirSync(folder).sort().slice(0, MOST_FILES);
    const stamp = names.map((name) => `${name}:${stampOf(path.join(folder, name))}`).join(',');
    return { files: names.filter((name) => name.endsWith('.toml')).map((name) => path.join(folder, name)), stamp };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { files: [], stamp: '' };
    const problem = { file: folder, message: `${folder}: ${message}`, next: 'Make the folder readable.' };
    return { files: [], stamp: String(code), problem };
  }
}

/** A file that is gone, forbidden or a link in a circle has a stamp too; reading it says what is wrong. */
function stampOf(file: string): string {
  try {
    const { mtimeMs, size } = statSync(file);
    return `${mtimeMs}/${size}`;
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
}
