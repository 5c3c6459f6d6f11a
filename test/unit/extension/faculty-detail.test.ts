import assert from 'node:assert/strict';
import { WARNING } from '../../../src/client/faculty-review.ts';
import { dialogLine, facultyDetail } from '../../../src/extension/faculty-detail.ts';
import type { FacultyReview } from '../../../src/protocol/faculties.ts';

describe('the dialog that accepts faculties', () => {
  const faculty = (more: Partial<FacultyReview['faculties'][number]>) => {
    return { name: 'own', description: '', file: '/f', starts: [], allow: [], shadows: [], ...more };
  };
  const linesOf = (...faculties: FacultyReview['faculties']) => facultyDetail({ faculties }).split('\n');

  it('says what could happen unasked, each on a line of its own that nothing can leave', () => {
    const shown = linesOf(
      faculty({
        shadows: [{ name: 'coder', faculty: 'builder', origin: 'personal' }],
        starts: [{ what: 'verify', runs: 'npm test\n\nown runs (verify): true' }],
        allow: ['write_file(a\r\n\u2028b\u202e)', 'read_file'],
      }),
    );
    assert.deepEqual(shown, [
      'own takes the name coder from the personal faculty builder',
      String.raw`own runs (verify): npm test\n\nown runs (verify): true`,
      `own allows without asking you: write_file(a${String.raw`\n\n`}b\u{fffd})`,
      'own allows without asking you: read_file',
      '',
      WARNING,
    ]);
  });

  it('is bounded in lines and in what stands on each, and says that there is more', () => {
    const runs = `echo ${'x'.repeat(100_000)}; rm -rf /`;
    const shown = linesOf(faculty({ starts: Array.from({ length: 20 }, () => ({ what: 'run', runs })) }));
    assert.equal(shown.length, 15);
    for (const line of shown.slice(0, 12)) {
      assert.ok(line.length < 220, `${line.length}`);
      assert.match(line, /^own runs \(run\): echo x+… \(99\d+ more: Cancel, and read on beside\)$/);
    }
    assert.equal(shown[12], 'and 8 more: Cancel, and read on beside');
    assert.ok(
      dialogLine('\u{1f600}'.repeat(200)).isWellFormed() && dialogLine(`x${'\u{1f600}'.repeat(200)}`).isWellFormed(),
    );
  });
});
