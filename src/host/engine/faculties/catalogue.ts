/**
 * The faculties there are: bundled ones, then the user's own, which win by name. Those of a workspace are named and not
 * used: they bring commands along, and nothing yet records that a person accepted them. Files are read again when they
 * change.
 */
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { loadFaculty } from './load.ts';
import type { Faculty, FacultyProblem } from './schema.ts';

export type FacultyFolders = { bundled: string; personal: string; workspace: string };

export type FacultyLookup =
  | { kind: 'found'; faculty: Faculty }
  /** A file by that name is there but gives no faculty. */
  | { kind: 'broken'; problem: FacultyProblem }
  | { kind: 'unknown'; names: string[] };

/** How long a look at the folders is good for, in milliseconds: lists and claims come in bursts. */
const FRESH_MS = 250;

export class FacultyCatalogue {
  #folders: FacultyFolders;
  #now: () => number;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #signature = '';
  #faculties: Faculty[] = [];
  #problems: FacultyProblem[] = [];

  constructor(folders: FacultyFolders, now: () => number = Date.now) {
    this.#folders = folders;
    this.#now = now;
  }

  /** Looks at the folders now, for a person who has just changed a file. */
  refresh(): void {
    this.#lookedAt = Number.NEGATIVE_INFINITY;
    this.#refresh();
  }

  list(): { faculties: readonly Faculty[]; problems: readonly FacultyProblem[] } {
    this.#refresh();
    return { faculties: this.#faculties, problems: this.#problems };
  }

  /** By name or alias. */
  find(wanted: string): FacultyLookup {
    const { faculties, problems } = this.list();
    const faculty =
      faculties.find(({ name }) => name === wanted) ?? faculties.find(({ accepts }) => accepts.includes(wanted));
    if (faculty) return { kind: 'found', faculty };
    const problem = problems.find(({ file }) => path.basename(file, '.toml') === wanted);
    if (problem) return { kind: 'broken', problem };
    return { kind: 'unknown', names: faculties.map(({ name }) => name) };
  }

  #refresh(): void {
    const now = this.#now();
    if (now - this.#lookedAt < FRESH_MS) return;
    this.#lookedAt = now;
    const { bundled, personal, workspace } = this.#folders;
    const folders = [readFolder(bundled), readFolder(personal), readFolder(workspace)];
    const signature = folders.map(({ stamp }) => stamp).join('\n');
    if (signature === this.#signature) return;
    this.#signature = signature;
    const [ofAnimus, own, refused] = folders.map(({ files }) => files);
    this.#load([...(ofAnimus ?? []), ...(own ?? [])], refused ?? []);
    this.#problems.push(...folders.flatMap(({ problem }) => problem ?? []));
  }

  #load(files: readonly string[], refused: readonly string[]): void {
    const byName = new Map<string, Faculty>();
    this.#problems = refused.map(refuseWorkspaceFile);
    for (const file of files) {
      const loaded = loadFaculty(file, path.dirname(file) === this.#folders.bundled ? 'bundled' : 'personal');
      if ('message' in loaded) this.#problems.push(loaded);
      else byName.set(loaded.name, loaded);
    }
    this.#faculties = [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}

function refuseWorkspaceFile(file: string): FacultyProblem {
  return {
    file,
    message: `${file} is a faculty of the workspace, and these are not used yet: a workspace's commands need a person's acceptance first.`,
    next: 'To use it now, look through it and copy it to the faculties folder of your Animus home.',
  };
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
