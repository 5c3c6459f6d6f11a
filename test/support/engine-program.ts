/** Programs that stand in a model's place: written for one test, run by the Node that runs the tests. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { uuidv7 } from '../../src/rendezvous/ids.ts';
import { type Bench, type FacultyKeys, facultyOf } from './engine-focus.ts';

/** What a program's body finds: what it was told, and ways to ask. */
const PREAMBLE = `
import { readFileSync, writeFileSync, appendFileSync, existsSync } from 'node:fs';
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
const told = JSON.parse(readFileSync(0, 'utf8'));
function ask(method, at, body, headers = {}) {
  const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const sent = request(told.url + at, { method, agent: false, headers: { authorization: 'Bearer ' + told.token, ...headers } }, (got) => {
      let answer = '';
      got.on('data', (chunk) => { answer += chunk; });
      got.on('end', () => resolve({ status: got.statusCode, body: JSON.parse(answer) }));
      got.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(text);
  });
}
async function call(name, args = {}, id = undefined) {
  const { status, body } = await ask('POST', '/v1/tools/call', { name, arguments: args, ...(id ? { id } : {}) });
  if (status === 410) process.exit(0);
  if (status !== 200) throw new Error(status + ' ' + JSON.stringify(body));
  return body;
}
const usage = (used) => ask('POST', '/v1/usage', used);
const say = (text) => process.stdout.write(text);
const note = (content, id) => call('ledger_append', { entry_type: 'note', content }, id);
`;

/** The shell command of a program with this body. */
export function programOf(bench: Bench, body: string): string {
  const folder = path.join(bench.storeFolder, 'programs');
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `${uuidv7()}.mjs`);
  writeFileSync(file, `${PREAMBLE}\n${body}\n`);
  return `'${process.execPath}' '${file}'`;
}

export function externalFaculty(command: string, engage: FacultyKeys['engage'] = {}, keys: FacultyKeys = {}) {
  return facultyOf({ ...keys, engage: { mode: 'external', command, ...engage } });
}
