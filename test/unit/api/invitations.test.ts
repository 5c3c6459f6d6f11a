/** Codes that let one more in. */
import assert from 'node:assert/strict';
import { Invitations } from '../../../src/host/api/invitations.ts';
import { enrollmentCode } from '../../../src/protocol/person.ts';

const MINUTE = 60_000;

describe('an invitation', () => {
  it('is a code that a person can type: in either case, with or without its hyphen', () => {
    const { code } = new Invitations().create('a');
    const shown = `${code.slice(0, 4)}-${code.slice(4)}`;
    assert.match(shown, /^[2-9A-HJKMNP-TV-Z]{4}-[2-9A-HJKMNP-TV-Z]{4}$/);
    for (const typed of [shown, code, shown.toLowerCase(), ` ${code.slice(0, 4)} ${code.slice(4)} `]) {
      assert.equal(enrollmentCode.parse(typed), code);
    }
    for (const typed of ['', 'ABCD', `${code}2`, 'ABCD-0000', 'ABCD-IIII', 'ÄBCD-2345'])
      assert.ok(!enrollmentCode.safeParse(typed).success, typed);
  });

  it('is good for once, and for ten minutes', () => {
    const invitations = new Invitations();
    const { code, expiresAt } = invitations.create('a', 0);
    assert.equal(expiresAt.getTime(), 10 * MINUTE);
    assert.equal(invitations.look(code, 9 * MINUTE), 'a');
    assert.equal(invitations.look(code, 9 * MINUTE), 'a', 'looking does not use it up');
    invitations.use(code);
    assert.equal(invitations.look(code, 9 * MINUTE), undefined);
    const late = invitations.create('b', 0);
    assert.equal(invitations.look(late.code, 10 * MINUTE), undefined);
    assert.equal(invitations.look(late.code, 0), undefined, 'nor again once it was too late');
  });

  it('[S14] is good no more after five wrong tries at any', () => {
    const invitations = new Invitations();
    const { code } = invitations.create('a', 0);
    for (let tries = 1; tries < 5; tries += 1) assert.equal(invitations.look('22222222', 1), undefined);
    assert.equal(invitations.look(code, 1), 'a');
    assert.equal(invitations.look('22222222', 1), undefined);
    assert.equal(invitations.look(code, 1), undefined);
    const next = invitations.create('b', 1);
    assert.equal(invitations.look(next.code, 1), 'b');
  });
});
