/**
 * `animus` in the terminals of VS Code: a small script in a folder of ours, which VS Code puts before the path. It runs the
 * command that the extension brings with the Node that VS Code brings.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Writes what is not there yet or says something else. Gives the folder. */
export function installTerminalCommand(folder: string, extensionFolder: string, executable: string): string {
  const entry = path.join(extensionFolder, 'dist', 'animus.mjs');
  mkdirSync(folder, { recursive: true });
  write(path.join(folder, 'animus'), shellScript(entry, executable));
  write(path.join(folder, 'animus.cmd'), batchFile(entry, executable));
  return folder;
}

function write(file: string, text: string): void {
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return;
  writeFileSync(file, text, { mode: 0o755 });
}

/** What VS Code brings goes with its updates; until the extension has run again another Node will do. */
export function shellScript(entry: string, executable: string): string {
  return `#!/bin/sh
# Written by the Animus extension.
entry=${quoted(entry)}
node=${quoted(executable)}
if [ ! -f "$entry" ]; then
  echo 'error: Animus was updated or removed. Open the Animus view in VS Code, then a new terminal.' >&2
  exit 3
fi
[ -x "$node" ] || node=node
ELECTRON_RUN_AS_NODE=1 exec "$node" "$entry" "$@"
`;
}

export function batchFile(entry: string, executable: string): string {
  return `@echo off\r
rem Written by the Animus extension.\r
setlocal\r
set ELECTRON_RUN_AS_NODE=1\r
"${percent(executable)}" "${percent(entry)}" %*\r
exit /b %errorlevel%\r
`;
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
const percent = (text: string) => text.replaceAll('%', '%%');
