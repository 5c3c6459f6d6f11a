/** The folder of a faculty's file, and how what a faculty starts finds what lies in it. */
import path from 'node:path';
import { type Faculty, type FacultyFile, FOLDER_MARK, FOLDER_VARIABLE } from './schema.ts';

export function folderOf({ file }: Pick<Faculty, 'file'>): string {
  return path.dirname(file);
}

/** For the environment of every command of the faculty. */
export function folderVariables(faculty: Pick<Faculty, 'file' | 'origin'>): Record<string, string> {
  // Python would write beside its sources, and an accepted copy is only good as it was accepted.
  const asAccepted = faculty.origin === 'workspace' ? { PYTHONDONTWRITEBYTECODE: '1' } : {};
  return { [FOLDER_VARIABLE]: folderOf(faculty), ...asAccepted };
}

type Servers = FacultyFile['mcp']['servers'];

/** The servers with the folder in the place of its mark. One that is a program is told of it in its environment, too. */
export function placeServers(servers: Servers, faculty: Pick<Faculty, 'file' | 'origin'>): Servers {
  const fill = (text: string) => text.replaceAll(FOLDER_MARK, () => folderOf(faculty));
  return Object.fromEntries(
    Object.entries(servers).map(([name, server]) => {
      if (!('command' in server)) return [name, server];
      const env = Object.entries({ ...folderVariables(faculty), ...server.env }).map(([key, value]) => [
        key,
        fill(value),
      ]);
      const { command, args, cwd } = server;
      const placed = { command: fill(command), args: args.map(fill), env: Object.fromEntries(env) };
      return [name, { ...server, ...placed, ...(cwd === undefined ? {} : { cwd: fill(cwd) }) }];
    }),
  );
}
