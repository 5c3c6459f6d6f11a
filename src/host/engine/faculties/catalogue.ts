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
    const files = [...tomlFiles(this.#folders.bundled), ...tomlFiles(this.#folders.personal)];
    const refused = tomlFiles(this.#folders.workspace);
    const signature = [...files, ...refused].map(({ file, stamp }) => `${file}:${stamp}`).join('\n');
    if (signature === this.#signature) return;
    this.#signature = signature;
    this.#load(
      files.map(({ file }) => file),
      refused.map(({ file }) => file),
    );
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

/** Prompt files count too: a changed prompt changes its faculty. */
function tomlFiles(folder: string): { file: string; stamp: string }[] {
  const names = readNames(folder);
  const stamp = names.map((name) => stampOf(path.join(folder, name))).join(',');
  return names.filter((name) => name.endsWith('.toml')).map((name) => ({ file: path.join(folder, name), stamp }));
}

function readNames(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}

/** A file that went between listing and looking has a stamp of its own. */
function stampOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat ? `${stat.mtimeMs}/${stat.size}` : 'gone';
}
