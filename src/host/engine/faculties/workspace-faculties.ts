/**
 * The faculties of a workspace. They bring commands along, so they are used as a person accepted them and no other way: the
 * whole folder counts as one, so that no script that a command names can change unseen, and what runs is a copy of it.
 */
import path from 'node:path';
import type { AcceptedCopies } from '../acceptance/accepted-copies.ts';
import { type ContentFile, type FolderContent, folderStamp, readFolderContent } from '../acceptance/folder-content.ts';
import { namesIn } from '../acceptance/folder-names.ts';
import { type Acceptance, runningHash, type Standing, standingOf } from '../acceptance/standing.ts';
import { loadFaculty } from './load.ts';
import type { Faculty, FacultyProblem } from './schema.ts';

/** What the folder is accepted as. */
export const FACULTY_FOLDER = 'faculties';

export type Loaded = { faculties: readonly Faculty[]; problems: readonly FacultyProblem[] };

/** The folder as it is now, and where it stands. */
export type WorkspaceFolder = Loaded & {
  folder: string;
  state: Standing;
  /** Of all that is in it; null where it cannot be accepted, or was not looked into. */
  hash: string | null;
  /** Why it cannot be accepted. */
  problem: string | null;
  /** Of its faculties; of their files, where these were not read. */
  names: readonly string[];
  files: readonly ContentFile[];
};

/** What is used: of the copy that was accepted. */
export type AcceptedFaculties = Loaded & { hash: string; isWhole: boolean };

export type WorkspaceLook = { present: WorkspaceFolder; accepted: AcceptedFaculties | undefined };

/** A person reads what faculties say before they accept them, and nobody reads more. */
const MOST_BYTES = 1024 * 1024;

const NOTHING = { faculties: [], problems: [], files: [] };

export class WorkspaceFaculties {
  #folder: string;
  #copies: AcceptedCopies;
  #running: string | undefined;

  constructor(folder: string, copies: AcceptedCopies) {
    this.#folder = folder;
    this.#copies = copies;
  }

  /** Changes when the folder or the copy in use does. Nothing in a folder that is not trusted is looked at. */
  stamp({ isTrusted }: Acceptance): string {
    if (!isTrusted) return String(facultyNamesIn(this.#folder)?.join('\n'));
    const copy = this.#running === undefined ? '' : this.#copies.stampOf(this.#running);
    return `${folderStamp(this.#folder)}\n${copy}`;
  }

  /** Undefined where the workspace brings none along. */
  look(acceptance: Acceptance): WorkspaceLook | undefined {
    const names = facultyNamesIn(this.#folder);
    this.#running = undefined;
    if (names === undefined) return undefined;
    if (!acceptance.isTrusted) return { present: this.#unread(names), accepted: undefined };
    const content = acceptable(readFolderContent(this.#folder));
    const hash = content.kind === 'content' ? content.hash : null;
    const standing = { name: FACULTY_FOLDER, hash };
    const found = content.kind === 'content' ? this.#read(content) : { ...NOTHING, problem: content.reason, names };
    const present = { ...found, folder: this.#folder, state: standingOf(acceptance, standing), hash };
    this.#running = runningHash(acceptance, standing);
    if (this.#running === undefined) return { present, accepted: undefined };
    // The very content that was accepted is there: its copy can be laid down again.
    const failure = content.kind === 'content' && this.#running === hash ? this.#layDown(content) : '';
    return { present, accepted: this.#accepted(this.#running, failure) };
  }

  /** Lays down what is to be accepted. False where the content is another one by now, or gives no faculty. */
  keep(hash: string): boolean {
    const content = acceptable(readFolderContent(this.#folder));
    if (content.kind !== 'content' || content.hash !== hash || this.#load(content).faculties.length === 0) return false;
    this.#copies.keep(content);
    return true;
  }

  /** The files of an accepted copy; undefined where it is gone, or another one. */
  filesOf(hash: string): readonly ContentFile[] | undefined {
    return this.#copies.read(hash);
  }

  #read(content: Extract<FolderContent, { kind: 'content' }>) {
    const loaded = this.#load(content);
    return { ...loaded, names: loaded.faculties.map(({ name }) => name), files: content.files, problem: null };
  }

  /** From the bytes that were hashed, as they would run from their copy; problems name the file to be corrected. */
  #load({ files, hash }: Extract<FolderContent, { kind: 'content' }>): Loaded {
    const copy = this.#copies.pathOf(hash);
    const { faculties, problems } = loadFrom(copy, files);
    const inWorkspace = (text: string) => text.replaceAll(copy, () => this.#folder);
    return {
      faculties,
      problems: problems.map(({ file, message, next }) => {
        return { file: inWorkspace(file), message: inWorkspace(message), next };
      }),
    };
  }

  #accepted(hash: string, failure: string): AcceptedFaculties {
    const file = this.#copies.pathOf(hash);
    const files = this.#copies.read(hash);
    if (files) return { ...loadFrom(file, files), hash, isWhole: true };
    const message = `${file}: the copy of the workspace's accepted faculties is gone, or is another one by now.${failure}`;
    const problem = { file, message, next: 'Accept them again: animus faculty accept' };
    return { faculties: [], problems: [problem], hash, isWhole: false };
  }

  /** Whatever is wrong with the disk costs these faculties and no others: it becomes part of what is said of the copy. */
  #layDown(content: Extract<FolderContent, { kind: 'content' }>): string {
    try {
      this.#copies.keep(content);
      return '';
    } catch (error) {
      return ` It cannot be laid down again: ${(error as Error).message}`;
    }
  }

  #unread(names: readonly string[]): WorkspaceFolder {
    return { ...NOTHING, hash: null, problem: null, folder: this.#folder, state: 'untrusted', names };
  }
}

/** What the names of the files say, without a look into any. Undefined where there are none. */
function facultyNamesIn(folder: string): string[] | undefined {
  try {
    const names = namesIn(folder, (name) => name.endsWith('.toml')).map((name) => path.basename(name, '.toml'));
    return names.length === 0 ? undefined : names.sort();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // One that cannot be read is there: whoever looks into it says why not.
    return code === 'ENOENT' || code === 'ENOTDIR' ? undefined : [];
  }
}

const isFaculty = ({ name }: ContentFile) => name.endsWith('.toml') && !name.includes('/');

function acceptable(content: FolderContent): FolderContent {
  if (content.kind !== 'content') return content;
  const bytes = content.files.filter(isFaculty).reduce((sum, file) => sum + file.bytes.length, 0);
  return bytes > MOST_BYTES
    ? { kind: 'unacceptable', reason: 'its faculties are longer than 1 MiB, which nobody reads' }
    : content;
}

function loadFrom(folder: string, files: readonly ContentFile[]): Loaded {
  const contents = new Map(files.map(({ name, bytes }) => [path.join(folder, name), bytes]));
  const read = (file: string): Buffer => {
    const bytes = contents.get(file);
    if (bytes) return bytes;
    throw new Error(`there is no ${path.relative(folder, file)} in the folder, and nothing outside of it is accepted`);
  };
  const byName = new Map<string, Faculty>();
  const problems: FacultyProblem[] = [];
  for (const { name } of files.filter(isFaculty)) {
    const loaded = loadFaculty(path.join(folder, name), 'workspace', read);
    if ('message' in loaded) problems.push(loaded);
    else if (byName.has(loaded.name)) problems.push(secondOf(loaded));
    else byName.set(loaded.name, loaded);
  }
  return { faculties: [...byName.values()], problems };
}

function secondOf({ file, name }: Faculty): FacultyProblem {
  return {
    file,
    message: `${file}: another file here gives the faculty ${name}.`,
    next: 'Give one of them another name.',
  };
}
