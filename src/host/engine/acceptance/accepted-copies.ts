/** Copies of accepted folders, each under its hash: what runs is what was accepted, whatever becomes of the original. */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { uuidv7 } from '../../../rendezvous/ids.ts';
import { type FolderContent, readFolderContent } from './folder-content.ts';

export class AcceptedCopies {
  #folder: string;

  /** `folder`: in Animus's own, where no tool writes. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  pathOf(hash: string): string {
    return path.join(this.#folder, hash);
  }

  /** Lays the content down under its hash. Nothing happens where it lies there. */
  keep({ files, hash }: Extract<FolderContent, { kind: 'content' }>): void {
    if (this.isWhole(hash)) return;
    const made = path.join(this.#folder, `.${hash}.${uuidv7()}`);
    for (const { name, bytes, isExecutable } of files) {
      const file = path.join(made, name);
      mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
      writeFileSync(file, bytes, { mode: isExecutable ? 0o700 : 0o600 });
    }
    rmSync(this.pathOf(hash), { recursive: true, force: true });
    renameSync(made, this.pathOf(hash));
  }

  /** Whether the copy is there and is what its name says. */
  isWhole(hash: string): boolean {
    const content = readFolderContent(this.pathOf(hash));
    return content.kind === 'content' && content.hash === hash;
  }
}
