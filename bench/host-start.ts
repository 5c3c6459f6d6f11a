/** How long a client waits for its host: already running, to be started, to be started on a new store. */
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { attachIfRunning, type HostLocation } from '../src/client/find-or-start-host.ts';
import type { HostClient } from '../src/client/host-client.ts';
import { HostHome } from './host-home.ts';
import { alternate, figures } from './measure.ts';
import { figureTable, type Report } from './report.ts';
import type { Subject, SubjectContext } from './subject.ts';

const NODE = 'node -e 0, to its end';
const ATTACH = 'a host runs';
const WARM = 'the store exists, no host runs';
const NEW = 'no store yet';
const greeted = (situation: string) => `${situation}: initialize answered`;
const answered = (situation: string) => `${situation}: work/list answered`;

export const hostStart: Subject = { name: 'host-start', run };

async function run({ cleanup, signal }: SubjectContext): Promise<Report> {
  const home = new HostHome();
  cleanup.add(() => home.remove());
  const known = home.newLocation();
  await home.stop(await home.start(known));
  // Stays for as long as somebody is connected.
  const running = home.newLocation();
  await home.start(running);

  const bareNode = async () => ({ [NODE]: await timed(spawnNode) });
  const attached = async () => {
    const { client, times } = await firstAnswers(ATTACH, () => attach(running));
    await client.close();
    return times;
  };
  const warm = async () => {
    const { client, times } = await firstAnswers(WARM, () => home.start(known));
    await home.stop(client);
    return times;
  };
  const fresh = async () => {
    const location = home.newLocation();
    const { client, times } = await firstAnswers(NEW, () => home.start(location));
    await home.stop(client);
    rmSync(location.store, { recursive: true });
    return times;
  };

  const rounds = { warmUps: 1, counted: 9, budgetMs: 35_000, signal };
  const samples = await alternate([bareNode, attached, warm, fresh], rounds);
  const labels = [ATTACH, WARM, NEW].flatMap((situation) => [greeted(situation), answered(situation)]);
  return {
    title: 'Host start',
    meaning: [
      'From a client that looks for its host to the first answers: initialize needs no database, work/list does. A store that',
      'is not there yet is unpacked from the template and migrated. A client that waits for its host looks every 25 ms.',
    ],
    ...figureTable(figures(samples, [NODE, ...labels], NODE), 'node -e 0'),
    notes: [],
  };
}

async function firstAnswers(situation: string, connect: () => Promise<HostClient>) {
  const begin = performance.now();
  const client = await connect();
  const initialized = performance.now() - begin;
  await client.request('work/list', {});
  const listed = performance.now() - begin;
  return { client, times: { [greeted(situation)]: initialized, [answered(situation)]: listed } };
}

async function attach(location: HostLocation): Promise<HostClient> {
  const client = await attachIfRunning(location);
  if (!client) throw new Error('The host that was started is gone.');
  return client;
}

function spawnNode(): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' });
    child.once('error', reject);
    child.once('exit', () => resolve());
  });
}

async function timed(work: () => Promise<void>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}
