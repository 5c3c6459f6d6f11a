/** What the names in a workspace's folder say, without a look into anything of it. */
import { opendirSync } from 'node:fs';

/** A stranger may have put any number there. */
const MOST_NAMES = 2000;

/** Those of the first 2,000 that are meant, sorted. Throws where the folder cannot be read. */
export function namesIn(folder: string, isMeant: (name: string) => boolean): string[] {
  const directory = opendirSync(folder);
  try {
    const names: string[] = [];
    for (let looked = 0; looked < MOST_NAMES; looked += 1) {
      const entry = directory.readSync();
      if (entry === null) break;
      if (isMeant(entry.name)) names.push(entry.name);
    }
    return names.sort();
  } finally {
    directory.closeSync();
  }
}
