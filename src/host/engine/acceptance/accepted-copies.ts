/** Copies of accepted folders, each under its hash: what runs is what was accepted, whatever becomes of the original. */
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { uuidv7 } from '../../../rendezvous/ids.ts';
import { type ContentFile, type FolderContent, folderStamp, readFolderContent } from './folder-content.ts';

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
    const made = this.#beside(hash);
    mkdirSync(made, { recursive: true, mode: 0o700 });
    for (const { name, bytes, isExecutable } of files) {
      const file = path.join(made, name);
      mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
      writeFileSync(file, bytes, { mode: isExecutable ? 0o500 : 0o400 });
    }
    // Out of the way before it is removed: what runs from there is without its files for a moment only.
    const old = this.#beside(hash);
    if (existsSync(this.pathOf(hash))) renameSync(this.pathOf(hash), old);
    renameSync(made, this.pathOf(hash));
    rmSync(old, { recursive: true, force: true });
  }

  /** Whether the copy is there and is what its name says. */
  isWhole(hash: string): boolean {
    return this.read(hash) !== undefined;
  }

  /** Undefined where the copy is gone, or is not what its name says. */
  read(hash: string): ContentFile[] | undefined {
    const content = readFolderContent(this.pathOf(hash));
    return content.kind === 'content' && content.hash === hash ? content.files : undefined;
  }

  /** Changes when anything in the copy does. */
  stampOf(hash: string): string {
    return folderStamp(this.pathOf(hash));
  }

  #beside(hash: string): string {
    return path.join(this.#folder, `.${hash}.${uuidv7()}`);
  }
}
