import assert from 'node:assert/strict';
import { reviewText, WARNING } from '../../../src/client/faculty-review.ts';
import { plain } from '../../../src/host/cli/terminal.ts';
import type { FacultyReview } from '../../../src/protocol/faculties.ts';

describe('the review of faculties', () => {
  const review = (more: Partial<FacultyReview> = {}): FacultyReview => ({
    folder: '/project/.animus/faculties',
    state: 'new',
    hash: 'a'.repeat(64),
    problem: null,
    names: ['own'],
    faculties: [{ name: 'own', description: 'Works.', file: '/f', starts: [], allow: [], shadows: [] }],
    problems: [],
    accepted_hash: null,
    changes: [],
    ...more,
  });
  const text = (more?: Partial<FacultyReview>) => reviewText(review(more), plain);

  it('says where they stand, and what accepting them means', () => {
    const accepted = 'b'.repeat(64);
    assert.match(
      text(),
      /^The faculties in \/project\/\.animus\/faculties,\nwhich nobody has accepted: they are not used\./,
    );
    assert.match(text({ state: 'untrusted' }), /a folder that you do not trust: nothing of it was read/);
    assert.match(text({ problem: 'it holds a pipe', hash: null }), /which cannot be accepted: it holds a pipe/);
    assert.match(text({ state: 'accepted', accepted_hash: accepted }), /as you accepted them/);
    assert.match(text({ state: 'changed', accepted_hash: accepted }), /what you accepted before is used until/);
    assert.match(text({ state: 'changed' }), /the copy of what you accepted is gone, so none is used/);
    assert.ok(text().replaceAll('\n', ' ').endsWith(WARNING));
  });

  it('says of each what it runs, allows and takes, or that it runs nothing', () => {
    assert.match(text(), /own: Works\.\n {2}runs no command of its own\n/);
    const [faculty] = review().faculties;
    assert.ok(faculty);
    const starts = [{ what: 'verify', runs: 'npm test' }];
    const shadows = [{ name: 'coder', faculty: 'builder', origin: 'personal' as const }];
    const shown = text({ faculties: [{ ...faculty, starts, allow: ['write_file(src/**)'], shadows }] });
    const lines = [
      'own: Works.',
      '  takes the name coder from the personal faculty builder',
      '  runs (verify): npm test',
      '  allows without asking you: write_file(src/**)',
    ];
    assert.ok(shown.includes(`\n${lines.join('\n')}\n`), shown);
  });

  it('shows what changed, further in than its own lines', () => {
    const changes = [{ file: 'a\nown: x', kind: 'changed' as const, diff: '-one\n+own: forged\n' }];
    const shown = text({ state: 'changed', accepted_hash: 'b'.repeat(64), changes });
    const own = 'What differs from what you accepted before:\n  ~ a\\nown: x\n      -one\n      +own: forged\n';
    assert.ok(shown.includes(own), shown);
  });
});
