/** From a submission to the model: the whole way through queue, claim, orientation and the first request. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { HostClient } from '../src/client/host-client.ts';
import { parseScript, type Script } from '../src/host/llm/scripted/script.ts';
import { TERMINAL_STATES } from '../src/protocol/work.ts';
import { uuidv7 } from '../src/rendezvous/ids.ts';
import { type ModelServer, startModelServer } from '../test/support/model-server.ts';
import { anthropicFormat } from '../test/support/model-server-anthropic.ts';
import { findPostgres, startPostgres } from '../test/support/postgres-server.ts';
import { HostHome } from './host-home.ts';
import { alternate, type Contender, figures } from './measure.ts';
import { figureTable, type Report } from './report.ts';
import type { Subject, SubjectContext } from './subject.ts';

const POST = 'bare POST of such a request';
const acknowledged = (database: string) => `${database}: work/submit answered`;
const requested = (database: string) => `${database}: request at the model`;

const ARRIVES_WITHIN_MS = 10_000;
/** What a host still does after an item has ended, such as looking for the next. */
const SETTLE_MS = 20;

export const submit: Subject = { name: 'submit', run };

/** A provider on loopback that says when a request has come. */
type Provider = { server: ModelServer; nextArrival(): Promise<number> };

async function run({ cleanup, signal }: SubjectContext): Promise<Report> {
  const provider = await startProvider();
  cleanup.add(() => provider.server.close());
  const databases = new Map<string, HostClient>();
  const notes: string[] = [];

  const startHost = async (database: string, env: Record<string, string>) => {
    signal.throwIfAborted();
    const home = new HostHome({ ANIMUS_ANTHROPIC_BASE_URL: provider.server.url, ...env });
    cleanup.add(() => home.remove());
    const location = home.newLocation();
    const client = await home.start(location);
    await client.request('trust/grant', { folder: location.identity.folder, pid: process.pid });
    const key = { name: 'anthropic' as const, value: 'sk-of-the-benchmark', origin: provider.server.url };
    await client.request('credentials/offer', { credentials: [key] });
    databases.set(database, client);
  };

  await startHost('PGlite', {});
  const programs = findPostgres();
  if (programs) {
    signal.throwIfAborted();
    const postgres = await startPostgres(programs);
    cleanup.add(() => postgres.remove());
    await startHost('Postgres', { ANIMUS_DATABASE_URL: postgres.url });
    notes.push(`Postgres from ${programs}, on loopback, with fsync off, as PGlite never syncs either.`);
  } else notes.push('Postgres: not measured, because no server is installed here (Debian: postgresql).');

  const contenders = [...databases].map(([name, client]) => submission(name, client, provider));
  for (const contender of contenders) await contender(); // the first one makes the request that is posted below
  const samples = await alternate([barePost(provider), ...contenders], {
    warmUps: 5,
    counted: 40,
    budgetMs: 15_000,
    signal,
  });
  const labels = [...databases.keys()].flatMap((name) => [acknowledged(name), requested(name)]);
  return {
    title: 'Submission to first model request',
    meaning: [
      'On an open connection to an idle host: from sending work/submit to its answer (the work is durable then), and to the',
      'moment the loopback provider has the whole /v1/messages request: queued, notified, claimed, oriented, asked.',
    ],
    ...figureTable(figures(samples, [POST, ...labels], POST), 'bare POST'),
    notes,
  };
}

async function startProvider(): Promise<Provider> {
  let arrived: (at: number) => void = () => undefined;
  const server = await startModelServer({
    formats: [anthropicFormat],
    script: oneAnswer(),
    faultOf: () => {
      arrived(performance.now());
      return undefined;
    },
  });
  return {
    server,
    nextArrival: () =>
      new Promise((resolve, reject) => {
        const limit = setTimeout(
          () => reject(new Error('No request came to the model within 10 s.')),
          ARRIVES_WITHIN_MS,
        );
        arrived = (at) => {
          clearTimeout(limit);
          resolve(at);
        };
      }),
  };
}

function oneAnswer(): Script {
  const reading = parseScript(JSON.stringify({ name: 'bench', turns: [{ text: 'Done.' }] }), 'json', 'the benchmark');
  if (reading.kind === 'invalid') throw new Error(reading.message);
  return reading.script;
}

function submission(database: string, client: HostClient, provider: Provider): Contender {
  return async () => {
    const id = uuidv7();
    const arrival = provider.nextArrival();
    const begin = performance.now();
    const answer = client.request('work/submit', {
      id,
      faculty: 'default',
      description: 'Say whether there is a heron.',
      source: 'api',
    });
    const answered = answer.then(() => performance.now());
    const [answeredAt, arrivedAt] = await Promise.all([answered, arrival]);
    await untilEnded(client, id);
    return { [acknowledged(database)]: answeredAt - begin, [requested(database)]: arrivedAt - begin };
  };
}

async function untilEnded(client: HostClient, id: string): Promise<void> {
  for (;;) {
    const { item } = await client.request('work/show', { id });
    if (TERMINAL_STATES.includes(item.state)) break;
    await sleep(5);
  }
  await sleep(SETTLE_MS);
}

/** The least that sending such a request costs, from this process. */
function barePost({ server, nextArrival }: Provider): Contender {
  const recorded = server.requests[0];
  if (!recorded) throw new Error('No request was recorded to compare with.');
  return async () => {
    const arrival = nextArrival();
    const begin = performance.now();
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(server.url + recorded.path, { method: 'POST', headers, body: recorded.text });
    await answer.text();
    return { [POST]: (await arrival) - begin };
  };
}
