/** Holds the tests against the list of what must be shown. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { CURRENT_STEP, REQUIREMENTS, type Requirement, STEPS } from './requirements.ts';

type Citation = { id: string; file: string };

/** A literal that begins with one or more ids: the title of a test, also where a table has it. What is skipped shows nothing. */
const TITLE = /(?<!\.skip\(\s*)(['"`])((?:\[(?:[a-z]{2,8}-\d+|[A-Z]\d{1,3})\]\s*)+)(?=[^\s'"`])/g;

function citationsIn(text: string, file: string): Citation[] {
  return [...text.matchAll(TITLE)].flatMap(([, , ids = '']) =>
    [...ids.matchAll(/\[([^\]]+)\]/g)].map(([, id = '']) => ({ id, file })),
  );
}

function readCitations(): Citation[] {
  const files = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' });
  return (
    files
      // A table of faults is run by the tests of every format.
      .filter(
        (file) => (file.endsWith('.test.ts') || file.endsWith('fault-table.ts')) && file !== 'requirements.test.ts',
      )
      .flatMap((file) => citationsIn(readFileSync(path.join(import.meta.dirname, file), 'utf8'), file))
  );
}

function uncited(requirements: readonly Requirement[], citations: readonly Citation[]): string[] {
  const cited = new Set(citations.map(({ id }) => id));
  return requirements
    .filter(({ id, step, live }) => step <= CURRENT_STEP && !live && !cited.has(id))
    .map(({ id, text }) => `${id}: ${text}`);
}

function unknown(requirements: readonly Requirement[], citations: readonly Citation[]): string[] {
  const known = new Set(requirements.map(({ id }) => id));
  return citations.filter(({ id }) => !known.has(id)).map(({ id, file }) => `${file} cites ${id}`);
}

const numbered = (prefix: string, count: number) => Array.from({ length: count }, (_, at) => `${prefix}${at + 1}`);

describe('requirements', () => {
  const citations = readCitations();

  it('are all there, each once, and in a step', () => {
    const parts = { llm: 12, led: 10, eng: 20, hook: 7, awa: 7, chi: 7, box: 7, ski: 10 };
    const expected = [
      ...Object.entries(parts).flatMap(([part, count]) => numbered(`${part}-`, count)),
      ...numbered('F', 24),
      ...numbered('S', 20),
    ];
    assert.deepEqual(
      REQUIREMENTS.map(({ id }) => id),
      expected,
    );
    const steps = Object.keys(STEPS).map(Number);
    assert.deepEqual(
      REQUIREMENTS.filter(({ step, text }) => !steps.includes(step) || text.trim() === ''),
      [],
    );
    const live = REQUIREMENTS.filter(({ live }) => live).map(({ id }) => id);
    assert.deepEqual(live, ['llm-10', 'llm-11', 'llm-12']);
  });

  it('are each shown by a test once they are due', () => {
    assert.deepEqual(uncited(REQUIREMENTS, citations), []);
  });

  it('are cited by ids that exist', () => {
    assert.deepEqual(unknown(REQUIREMENTS, citations), []);
  });

  it('would be missed, and a wrong id noticed', () => {
    const list: Requirement[] = [
      { id: 'led-1', text: 'one', step: 1 },
      { id: 'led-2', text: 'two', step: 1 },
      { id: 'llm-10', text: 'three', step: 1, live: true },
      { id: 'F1', text: 'later', step: 9 },
    ];
    const titles = [
      "it('[led-1] is')",
      'it(`[F1] [F99] of`)',
      "['[eng-7][S3] in a table']",
      "it.skip('[led-2] is not')",
    ];
    const found = citationsIn([...titles, "const marker = '[led-2]'"].join('\n'), 'a');
    assert.deepEqual(
      found.map(({ id }) => id),
      ['led-1', 'F1', 'F99', 'eng-7', 'S3'],
    );
    assert.deepEqual(uncited(list, found), ['led-2: two']);
    assert.deepEqual(
      unknown(list, found).map((line) => line.split(' ').at(-1)),
      ['F99', 'eng-7', 'S3'],
    );
  });
});
