/** A home and a workspace for a VS Code of the tests; the host that is left behind in them is ended by its id. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readHostFile } from '../../src/rendezvous/store-files.ts';
import { storeFolder } from '../../src/rendezvous/store-folder.ts';
import { isAlive } from './cli-sandbox.ts';

export class VsCodeSandbox {
  readonly root = realpathSync(mkdtempSync(path.join(tmpdir(), 'animus-editor-')));
  readonly home = path.join(this.root, 'home');
  readonly workspace = path.join(this.root, 'tempo');

  constructor() {
    mkdirSync(path.join(this.workspace, 'src'), { recursive: true });
    this.write('README.md', '# Tempo\n\nTempo is a small library for dates, kept here to be looked at by an agent.\n');
    this.write('package.json', '{ "name": "tempo", "version": "4.0.0", "scripts": { "test": "mocha" } }\n');
    this.write('src/date.ts', '// TODO: cover leap seconds\nexport const DAY = 86_400_000;\n');
    this.write(
      'src/date.test.ts',
      "import { DAY } from './date.ts';\nif (DAY !== 86_400_000) throw new Error('no day');\n",
    );
  }

  get env(): Record<string, string> {
    return { ANIMUS_HOME: this.home };
  }

  get store(): string {
    return storeFolder(this.home, this.workspace);
  }

  write(name: string, text: string): string {
    const file = path.join(this.workspace, name);
    writeFileSync(file, text);
    return file;
  }

  /** A script for the scripted model, outside the workspace; gives the model's name. */
  script(name: string, script: object): string {
    const file = path.join(this.root, `${name}.json`);
    writeFileSync(file, JSON.stringify(script));
    return `scripted/${file}`;
  }

  hostPid(): number | undefined {
    const file = readHostFile(this.store);
    return file.kind === 'read' ? file.value.pid : undefined;
  }

  /** Whether anything of ours was made here at all. */
  isUntouched(): boolean {
    try {
      return readdirSync(this.home).length === 0;
    } catch {
      return true;
    }
  }

  async remove(): Promise<void> {
    const pid = this.hostPid();
    if (pid !== undefined && isAlive(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(this.root)) {
      process.kill(pid, 'SIGKILL');
      while (isAlive(pid)) await sleep(10);
    }
    rmSync(this.root, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}
