/** Animus: Start, Restart Host, Show Logs. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import type { Command, Parts } from './command.ts';

export const startHost: Command = async ({ connection }) => {
  await connection.start();
};

export const restartHost: Command = async ({ connection }) => {
  const options = { location: vscode.ProgressLocation.Notification, title: 'Animus: restarting …' };
  await vscode.window.withProgress(options, () => connection.restart());
};

/** The window's own log, with the end of the newest log of the host in it. */
export const showLogs: Command = async (parts) => {
  if (vscode.workspace.isTrusted) appendHostLog(parts);
  parts.channel.show(true);
};

const TAIL_LINES = 60;
const TAIL_BYTES = 64 * 1024;

function appendHostLog({ place, channel }: Parts): void {
  const folder = path.join(place().location.store, 'logs');
  const newest = newestFile(folder);
  if (!newest) {
    channel.info(`There is no log of the host yet in ${folder}`);
    return;
  }
  const lines = readFileSync(newest).subarray(-TAIL_BYTES).toString('utf8').trimEnd().split('\n').slice(-TAIL_LINES);
  channel.info(`The end of ${newest}:\n${lines.join('\n')}`);
}

function newestFile(folder: string): string | undefined {
  try {
    const files = readdirSync(folder).map((name) => path.join(folder, name));
    const written = files.map((file) => ({ file, ...stat(file) })).filter(({ size }) => size > 0);
    return written.sort((a, b) => b.at - a.at)[0]?.file;
  } catch {
    // No host ran here yet.
    return undefined;
  }
}

function stat(file: string): { size: number; at: number } {
  const { size, mtimeMs } = statSync(file);
  return { size, at: mtimeMs };
}
