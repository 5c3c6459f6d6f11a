/** JSON-RPC on a socket, with what the library leaves out: a bound on a message's size, and an end when the peer ends. */
import type { Socket } from 'node:net';
import {
  createMessageConnection,
  type DataCallback,
  type MessageConnection,
  SocketMessageReader,
  SocketMessageWriter,
} from 'vscode-jsonrpc/node';
import { MAX_FRAME_BYTES } from '../protocol/versions.ts';

/** The header of a message takes some bytes too. */
const HEADER_ALLOWANCE = 1024;

class BoundedReader extends SocketMessageReader {
  #sinceLastMessage = 0;

  constructor(socket: Socket, onTooLong: () => void) {
    super(socket);
    // The library's timer for half a message starts itself again for ever and keeps what was received with it.
    this.partialMessageTimeout = 0;
    socket.prependListener('data', (chunk: Buffer) => {
      this.#sinceLastMessage += chunk.length;
      if (this.#sinceLastMessage > MAX_FRAME_BYTES + HEADER_ALLOWANCE) onTooLong();
    });
  }

  override listen(callback: DataCallback) {
    return super.listen((message) => {
      this.#sinceLastMessage = 0;
      callback(message);
    });
  }
}

/**
 * Wraps a connected socket. The caller registers its handlers and calls `listen()`. A peer that sends garbage or a
 * message over 8 MiB is disconnected, and `onFault` says why. When the socket closes, open requests are rejected.
 */
export function framedConnection(socket: Socket, onFault: (reason: string) => void): MessageConnection {
  const end = (reason: string) => {
    onFault(reason);
    socket.destroy();
  };
  const reader = new BoundedReader(socket, () => end('It sent a message of more than 8 MiB.'));
  const connection = createMessageConnection(reader, new SocketMessageWriter(socket));
  reader.onError((error) => end(`What it sent is no message: ${error.message}`));
  connection.onError(([error]) => end(error.message));
  connection.onClose(() => connection.dispose());
  return connection;
}
