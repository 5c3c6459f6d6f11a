import assert from 'node:assert/strict';
import { isNearby } from '../../../src/host/web/nearby.ts';
import { isPublicAddress } from '../../../src/host/web/public-address.ts';
import { hostOf, whyRefused } from '../../../src/host/web/reach.ts';

const CLOSED = [
  ...['0.0.0.0', '0.1.2.3', '10.0.0.1', '10.255.255.255', '100.64.0.1', '100.100.100.200', '100.127.255.255'],
  ...['127.0.0.1', '127.255.255.254', '168.63.129.16', '169.254.169.254', '172.16.0.1', '172.31.255.255'],
  ...['192.0.0.192', '192.0.2.1', '192.31.196.1', '192.52.193.1', '192.88.99.1', '192.168.0.1', '192.175.48.1'],
  ...['198.18.0.1', '198.19.255.255', '198.51.100.1', '203.0.113.1', '224.0.0.1', '239.255.255.255'],
  ...['240.0.0.1', '255.255.255.255'],
  ...['::', '::1', 'fe80::1', 'fe80::1%eth0', '2606:4700::1%eth0', 'fec0::1', 'fc00::1', 'fd00:ec2::254', 'ff02::1'],
  ...['2001:db8::1', '3fff::1', '3ffe::1', '100::1', '5f00::1', '2001::1', '2001:2::1', '2001:10::1', '2001:20::1'],
  ...['2620:4f:8000::1', '4000::1', 'e000::1'],
  // IPv4 in IPv6: compatible, mapped, translated, NAT64's own and local prefixes, 6to4.
  ...['::127.0.0.1', '::8.8.8.8', '::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:10.0.0.1', '::ffff:a9fe:a9fe'],
  ...['::ffff:0:127.0.0.1', '64:ff9b::127.0.0.1', '64:ff9b::a9fe:a9fe', '64:ff9b::192.168.1.1', '64:ff9b:1::8.8.8.8'],
  ...['2002:7f00:1::', '2002:a00:1::1', '2002:808:808::1'],
  ...['', 'localhost', '127.1', '1.2.3', '0x7f000001', '[::1]', 'example.com'],
];

const OPEN = [
  ...[
    '1.1.1.1',
    '8.8.8.8',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '126.255.255.255',
    '128.0.0.0',
  ],
  ...['169.253.255.255', '169.255.0.0', '172.15.255.255', '172.32.0.0', '192.0.1.1', '192.167.255.255', '192.169.0.0'],
  ...['198.17.255.255', '198.20.0.0', '223.255.255.255', '168.63.129.15'],
  ...['2606:4700:4700::1111', '2001:4860:4860::8888', '2001:200::1', '2a00::1', '2003::1', '3ffd::1'],
  ...['::ffff:8.8.8.8', '64:ff9b::8.8.8.8', '64:ff9b::808:808'],
];

/** As URL reads them, each is one of the addresses above. */
const SPELLINGS: readonly [spelled: string, host: string][] = [
  ['http://127.1/', '127.0.0.1'],
  ['http://127.0.0.1./', '127.0.0.1'],
  ['http://2130706433/', '127.0.0.1'],
  ['http://0x7f000001/', '127.0.0.1'],
  ['http://0x7f.1/', '127.0.0.1'],
  ['http://017700000001/', '127.0.0.1'],
  ['http://0177.0.0.01/', '127.0.0.1'],
  ['http://127.0.1/', '127.0.0.1'],
  ['http://%31%32%37.0.0.1/', '127.0.0.1'],
  ['http://\uff11\uff12\uff17\u3002\uff10\uff0e0\uff611/', '127.0.0.1'],
  ['http://\u2460\u2461\u2466.0.0.1/', '127.0.0.1'],
  ['http://0/', '0.0.0.0'],
  ['http://0xa9fea9fe/latest/meta-data', '169.254.169.254'],
  ['http://0251.0376.0251.0376/', '169.254.169.254'],
  ['http://[::1]/', '::1'],
  ['http://[0:0:0:0:0:0:0:1]/', '::1'],
  ['http://[::ffff:127.0.0.1]/', '::ffff:7f00:1'],
  ['http://[::ffff:169.254.169.254]/', '::ffff:a9fe:a9fe'],
  ['http://[::127.0.0.1]/', '::7f00:1'],
  ['http://[64:ff9b::10.0.0.1]/', '64:ff9b::a00:1'],
  ['http://[fe80::1]/', 'fe80::1'],
  ['http://[FD00::1]/', 'fd00::1'],
  ['http://localhost/', 'localhost'],
  ['http://LOCALHOST./', 'localhost'],
  ['http://localhost../', 'localhost'],
  ['http://a.localhost:81/', 'a.localhost'],
  ['http://\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3/', 'localhost'],
  ['http://printer.local/', 'printer.local'],
  ['http://printer.local./', 'printer.local'],
  ['http://metadata.google.internal/', 'metadata.google.internal'],
  ['https://nas.home.arpa/', 'nas.home.arpa'],
];

const refused = (text: string, ...allowPrivate: string[]) => whyRefused(new URL(text), { allowPrivate });

describe('addresses of the public internet', () => {
  it('are all that no registry keeps for something else', () => {
    assert.deepEqual(CLOSED.filter(isPublicAddress), []);
    assert.deepEqual(
      OPEN.filter((address) => !isPublicAddress(address)),
      [],
    );
  });

  it('private ones are refused in every spelling, before anything is looked up', () => {
    for (const [spelled, host] of SPELLINGS) {
      assert.equal(hostOf(new URL(spelled)), host, spelled);
      assert.match(refused(spelled) ?? 'taken', /is not of the public internet.*web\.allow_private/, spelled);
    }
  });

  it('are not nearby, be it by this machine itself or on one of its links', () => {
    const interfaces = {
      lo: [{ address: '127.0.0.1', cidr: '127.0.0.1/8' }],
      eth0: [
        { address: '93.184.216.10', cidr: '93.184.216.10/28' },
        { address: '2606:2800::10', cidr: '2606:2800::10/64' },
        { address: 'fe80::1%eth0', cidr: null },
      ],
      wide: [{ address: '8.8.8.8', cidr: '8.8.8.8/0' }],
      gone: undefined,
    };
    const near = ['93.184.216.10', '93.184.216.1', '::ffff:93.184.216.1', '64:ff9b::93.184.216.15', '2606:2800::99'];
    const far = ['93.184.216.16', '::ffff:93.184.216.16', '2606:2800:0:1::1', '8.8.4.4', '1.1.1.1', 'no address'];
    for (const address of [...near, '8.8.8.8', 'fe80::1']) assert.ok(isNearby(address, interfaces), address);
    for (const address of far) assert.ok(!isNearby(address, interfaces), address);
    assert.equal(isNearby('93.184.216.10', {}), false);
  });

  it('go over http and https alone, and without a user or password', () => {
    for (const text of ['file:///etc/passwd', 'ftp://example.com/', 'data:text/plain,x', 'javascript:0', 'ws://a.b/']) {
      assert.match(refused(text) ?? 'taken', /only http and https/, text);
    }
    assert.match(refused('https://user@example.com/') ?? 'taken', /user name or a password/);
    assert.match(refused('https://:secret@example.com/', 'example.com') ?? 'taken', /user name or a password/);
    for (const text of [
      'https://example.com/',
      'http://8.8.8.8/',
      'https://localhost.example.com/',
      'https://notlocal/',
    ]) {
      assert.equal(refused(text), undefined, text);
    }
  });

  it('besides them there are the hosts that a person named, with the port that was named or the usual two', () => {
    assert.equal(refused('http://127.0.0.1/', '127.0.0.1'), undefined);
    assert.equal(refused('https://LOCALHOST./', 'localhost'), undefined);
    assert.equal(refused('http://localhost:3000/', 'localhost:3000'), undefined);
    assert.equal(refused('http://2130706433:3000/', '127.0.0.1:3000'), undefined);
    assert.equal(refused('http://[fd00::1]:3000/', '[FD00:0::1]:3000'), undefined);
    assert.equal(refused('http://[fd00::1]/', '[fd00::1]'), undefined);
    for (const [text, entry] of [
      ['http://localhost:3000/', 'localhost'],
      ['http://localhost/', 'localhost:3000'],
      ['http://a.localhost/', 'localhost'],
      ['http://127.0.0.2/', '127.0.0.1'],
      ['http://[fd00::2]/', '[fd00::1]'],
    ] as const) {
      assert.match(refused(text, entry) ?? 'taken', /not of the public internet/, `${text} by ${entry}`);
    }
  });
});
