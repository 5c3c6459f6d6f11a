/**
 * Where the files lie that the code reads at run time. A bundle has them beside itself, so that its folder can be copied
 * whole; the sources have them at the repository's root.
 */
import path from 'node:path';

export type Assets = {
  migrations: string;
  faculties: string;
  scripts: string;
  /** A fresh PGlite data folder, packed. Only a bundle has it; without it the first start is slower. */
  databaseTemplate: string | null;
};

/** `entry` is the import.meta.url of the file that runs. */
export function findAssets(folder: string, isBundle: boolean): Assets {
  if (isBundle) {
    return {
      migrations: path.join(folder, 'migrations'),
      faculties: path.join(folder, 'faculties'),
      scripts: path.join(folder, 'scripts'),
      databaseTemplate: path.join(folder, 'database-template.tar.gz'),
    };
  }
  const root = path.resolve(folder, '../..');
  return {
    migrations: path.join(root, 'migrations'),
    faculties: path.join(root, 'faculties'),
    scripts: path.join(root, 'src/host/llm/scripted'),
    databaseTemplate: null,
  };
}
