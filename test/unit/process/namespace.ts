/**
 * Runs a scenario in a process namespace of its own, so that a bug in what ends processes reaches nobody outside. The
 * scenario is a function of a script; it prints one JSON value, which is handed back.
 */
import { type ExecFileException, execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const NAMESPACE = ['--pid', '--fork', '--kill-child', '--mount-proc'];
/** The second asks the kernel for a user namespace first, for those who are not root. */
const WAYS = [NAMESPACE, ['--user', '--map-root-user', ...NAMESPACE]];
/** Process 1 is a shell that waits, as an init would, for orphans too. */
const INIT = ['/bin/sh', '-c', '"$0" "$@"; exit $?'];
const LIMIT_MS = 25_000;

let way: string[] | undefined;

/** For `before`: skips the suite where namespaces are not permitted, or fails where the lanes are required. */
export async function requireNamespace(this: Mocha.Context): Promise<void> {
  const reasons: string[] = [];
  for (const candidate of WAYS) {
    const { error, stderr } = await run('unshare', [...candidate, 'true']);
    if (error === null) {
      way = candidate;
      return;
    }
    reasons.push(stderr.trim() || error.message);
  }
  const text = `Needs a process namespace of its own (unshare --pid), which is not permitted here: ${reasons.join('; ')}`;
  if (process.env.ANIMUS_REQUIRE_LANES !== undefined) throw new Error(text);
  console.log(`      skipped: ${text}`);
  this.skip();
}

/** Runs `scenarios[name]` of the script beside this file and resolves with what it printed. */
export async function inNamespace<T>(script: string, name: string): Promise<T> {
  if (way === undefined) throw new Error('requireNamespace has not run');
  const file = fileURLToPath(new URL(script, import.meta.url));
  const { error, stdout, stderr } = await run('unshare', [...way, ...INIT, process.execPath, file, name]);
  if (error !== null) throw new Error(`${name} failed: ${stderr}`, { cause: error });
  return JSON.parse(stdout) as T;
}

function run(file: string, args: string[]) {
  const { ANIMUS_RUN: _dropped, ...env } = process.env;
  return new Promise<{ error: ExecFileException | null; stdout: string; stderr: string }>((resolve) => {
    execFile(
      file,
      args,
      { env, timeout: LIMIT_MS, killSignal: 'SIGKILL', maxBuffer: 2 ** 24 },
      (error, stdout, stderr) => resolve({ error, stdout, stderr }),
    );
  });
}
