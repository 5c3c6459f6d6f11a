/** Codes that let one more in, as people type them. */
import assert from 'node:assert/strict';
import { newCode, shownCode } from '../../../src/host/api/invitation-code.ts';
import { enrollmentCode } from '../../../src/protocol/person.ts';

describe('the code of an invitation', () => {
  it('is typed in either case, with or without its hyphen', () => {
    const code = newCode();
    const shown = shownCode(code);
    assert.match(shown, /^[2-9A-HJKMNP-TV-Z]{4}-[2-9A-HJKMNP-TV-Z]{4}$/);
    for (const typed of [shown, code, shown.toLowerCase(), ` ${code.slice(0, 4)} ${code.slice(4)} `]) {
      assert.equal(enrollmentCode.parse(typed), code);
    }
    for (const typed of ['', 'ABCD', `${code}2`, 'ABCD-0000', 'ABCD-IIII', 'ÄBCD-2345'])
      assert.ok(!enrollmentCode.safeParse(typed).success, typed);
  });

  it('is another one each time', () => {
    assert.equal(new Set(Array.from({ length: 1000 }, newCode)).size, 1000);
  });
});
