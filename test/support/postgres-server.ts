/** A real Postgres server for tests: its own data folder, a free loopback port, never as root. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

export type PostgresServer = {
  /** postgres://… of the superuser's database. */
  url: string;
  /** SIGKILL to the server and all its processes, as in a crash. */
  kill(): Promise<void>;
  /** A clean stop with all connections ended. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Stops it and removes its data. */
  remove(): Promise<void>;
};

/** The folder of the server's programs; undefined where none is installed. */
export function findPostgres(): string | undefined {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...versions.map((version) => path.join(debian, version, 'bin')),
    ...(process.env.PATH ?? '').split(':'),
  ];
  return folders.find((folder) => existsSync(path.join(folder, 'initdb')) && existsSync(path.join(folder, 'postgres')));
}

export async function startPostgres(bin: string): Promise<PostgresServer> {
  const data = mkdtempSync(path.join(tmpdir(), 'animus-postgres-'));
  const asRoot = process.getuid?.() === 0;
  if (asRoot) {
    const { stdout } = await run('id', ['-u', 'postgres']);
    chownSync(data, Number(stdout), Number(stdout));
  }
  const port = await freePort();
  const command = (program: string, args: string[]): [string, string[]] => {
    const file = path.join(bin, program);
    return asRoot ? ['runuser', ['-u', 'postgres', '--', file, ...args]] : [file, args];
  };
  const db = path.join(data, 'db');
  const user = 'animus_test';
  await run(...command('initdb', ['-D', db, '-U', user, '--auth=trust', '-E', 'UTF8', '--no-sync', '--locale=C']));
  const url = `postgres://${user}@127.0.0.1:${port}/postgres`;
  let server: ChildProcess | undefined;

  const start = async () => {
    const options = [
      `port=${port}`,
      'listen_addresses=127.0.0.1',
      `unix_socket_directories=${data}`,
      'max_connections=200',
      'fsync=off',
    ];
    server = spawn(...command('postgres', ['-D', db, ...options.flatMap((option) => ['-c', option])]), {
      stdio: 'ignore',
    });
    await untilReady(command, port, user);
  };
  const end = async (mode: 'fast' | 'immediate') => {
    if (!server || server.exitCode !== null) return;
    const exited = new Promise((resolve) => server?.once('exit', resolve));
    await run(...command('pg_ctl', ['-D', db, '-m', mode, 'stop']));
    await exited;
  };
  await start();
  return {
    url,
    start,
    kill: () => end('immediate'),
    stop: () => end('fast'),
    remove: async () => {
      await end('immediate');
      rmSync(data, { recursive: true, force: true });
    },
  };
}

async function untilReady(
  command: (program: string, args: string[]) => [string, string[]],
  port: number,
  user: string,
) {
  for (let tries = 0; tries < 200; tries += 1) {
    try {
      await run(...command('pg_isready', ['-h', '127.0.0.1', '-p', String(port), '-U', user, '-d', 'postgres', '-q']));
      return;
    } catch {
      await sleep(50); // not listening yet
    }
  }
  throw new Error('The test Postgres server did not become ready within 10 s.');
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
      .once('error', reject)
      .listen(0, '127.0.0.1', () => {
        const address = server.address();
        server.close(() =>
          typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
        );
      });
  });
}
