import assert from 'node:assert/strict';
import { seatbeltProfile } from '../../../src/host/process/confinement.ts';

describe('the confinement of commands on macOS', () => {
  it('allows everything but what is hidden and changes of what is fixed, whatever a folder is called', () => {
    const profile = seatbeltProfile({ hidden: ['/Users/a/.animus'], readOnly: ['/Users/a/my "work"/.git'] });
    assert.deepEqual(profile.split('\n'), [
      '(version 1)',
      '(allow default)',
      String.raw`(deny file-write* (subpath "/Users/a/my \"work\"/.git"))`,
      '(deny file-read* file-write* (subpath "/Users/a/.animus"))',
    ]);
  });
});
