/** A server that greets and ends a connection in one breath, as one does that is asked to stop at that moment. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { PostgresDb } from '../../src/host/db/postgres-db.ts';
import { DbLost } from '../../src/host/db/types.ts';

/** A message of the server: its type, its length with itself, its content. */
function message(type: string, content: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(content.length + 4);
  return Buffer.concat([Buffer.from(type), length, content]);
}

const GREETING = [message('R', Buffer.alloc(4)), message('Z', Buffer.from('I'))];
const END = message(
  'E',
  Buffer.from('SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0'),
);

describe('a Postgres server that greets and ends a connection in one breath', () => {
  it('[F4] loses the connection, and does not end the process', async () => {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined); // the other side leaves as it likes
      socket.once('data', () => socket.write(Buffer.concat([...GREETING, END])));
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const url = `postgres://somebody@127.0.0.1:${port}/postgres`;
    const db = new PostgresDb({ url, schema: 'animus' });
    try {
      await assert.rejects(
        db.transaction((tx) => tx.query('select 1')),
        DbLost,
      );
    } finally {
      await db.close();
      for (const socket of sockets) socket.destroy();
      server.close();
    }
  });
});
