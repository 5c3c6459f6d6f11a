import assert from 'node:assert/strict';
import { Credentials, fingerprint } from '../../../src/host/llm/credentials.ts';

const ORIGIN = 'https://api.example.invalid';
const offer = (value: string, origin = ORIGIN) => ({ name: 'anthropic', value, origin });

describe('credentials', () => {
  it('are for the origin they were offered for, and one origin does not displace another', () => {
    const credentials = new Credentials();
    assert.equal(credentials.offer(offer('key-one-1234')), true);
    assert.equal(credentials.offer(offer('key-two-1234', 'https://proxy.example.invalid/v1')), true);
    assert.equal(credentials.usable('anthropic', `${ORIGIN}/v1/messages`)?.value, 'key-one-1234');
    assert.equal(credentials.usable('anthropic', 'https://proxy.example.invalid')?.value, 'key-two-1234');
    assert.equal(credentials.usable('anthropic', 'https://other.example.invalid'), undefined);
    assert.deepEqual(credentials.names(), ['anthropic']);
  });

  it('that are refused late do not take a newer key along', () => {
    const credentials = new Credentials();
    credentials.offer(offer('old-key-1234'));
    credentials.offer(offer('new-key-1234'));
    credentials.reject('anthropic', fingerprint('old-key-1234'));
    assert.equal(credentials.usable('anthropic', ORIGIN)?.value, 'new-key-1234');
    assert.equal(credentials.offer(offer('old-key-1234')), false);
  });

  it('that are refused are gone, and may be tried again after ten minutes', () => {
    let now = 0;
    const credentials = new Credentials(() => now);
    credentials.offer(offer('key-one-1234'));
    credentials.reject('anthropic', fingerprint('key-one-1234'));
    assert.equal(credentials.usable('anthropic', ORIGIN), undefined);
    assert.equal(credentials.offer(offer('key-one-1234')), false);
    now += 10 * 60_000;
    assert.equal(credentials.offer(offer('key-one-1234')), true);
  });

  it('are the same with blanks around them', () => {
    const credentials = new Credentials();
    credentials.offer(offer(' key-one-1234\n'));
    assert.equal(credentials.usable('anthropic', ORIGIN)?.value, 'key-one-1234');
    credentials.reject('anthropic', fingerprint('key-one-1234'));
    assert.equal(credentials.usable('anthropic', ORIGIN), undefined);
  });
});
