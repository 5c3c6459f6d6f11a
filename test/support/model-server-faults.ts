/** What can go wrong with one answer of the model server, and how its bytes go out. */
import type { ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import type { ScriptedErrorKind } from '../../src/host/llm/scripted/script.ts';

/** Everything is optional and may be combined; an empty one changes nothing. */
export type Fault = {
  /** Answers with this status, the headers and the body, in place of the script. */
  status?: number;
  headers?: Record<string, string>;
  body?: string;
  /** Sends these bytes as the stream, in place of the script's. */
  raw?: string | Uint8Array;
  /** Adds an error event after so many frames, and ends there. */
  errorEvent?: { afterFrames: number; type: string; message: string };
  /** Resets the connection before anything is sent. */
  resetAtOnce?: true;
  /** Resets it after so many bytes of the stream. */
  resetAfterBytes?: number;
  /** Ends the stream properly after so many bytes. */
  endAfterBytes?: number;
  /** Sends nothing more after so many bytes, and keeps the connection; -1 holds back the headers too. */
  silentAfterBytes?: number;
  /** Writes the stream in pieces of these sizes, over and over. */
  pieceBytes?: number[];
  /** After the stream, sends this again and again until the other side goes away. */
  endless?: string;
};

/** How a script's `error` looks on the wire. */
export function faultOfError(kind: ScriptedErrorKind, writeError: (type: string, message: string) => string): Fault {
  const answer = (status: number, type: string, message: string) => ({ status, body: writeError(type, message) });
  switch (kind) {
    case 'http':
      return { resetAtOnce: true };
    case 'stream_cut':
      return { resetAfterBytes: 40 };
    case 'malformed':
      return { raw: 'data: {"type": garbage\n\n' };
    case 'rate_limited':
      return answer(429, 'rate_limit_error', 'Too many requests.');
    case 'overloaded':
      return answer(529, 'overloaded_error', 'Overloaded.');
    case 'auth':
      return answer(401, 'authentication_error', 'Invalid key.');
    case 'insufficient_quota':
      return answer(402, 'billing_error', 'Your credit balance is too low.');
    case 'refused':
      return answer(403, 'permission_error', 'Not permitted.');
    case 'context_exceeded':
      return answer(400, 'invalid_request_error', 'prompt is too long: 9 tokens > 8 maximum');
    case 'api':
      return answer(500, 'api_error', 'Internal error.');
  }
}

/** Sends a stream's bytes as the fault says. Returns once all is sent or the other side is gone. */
export async function sendStream(response: ServerResponse, stream: Uint8Array, fault: Fault): Promise<void> {
  const last = Math.min(
    fault.resetAfterBytes ?? stream.length,
    fault.endAfterBytes ?? stream.length,
    fault.silentAfterBytes ?? stream.length,
  );
  for (const piece of cutBytes(stream.subarray(0, last), fault.pieceBytes)) await write(response, piece);
  if (fault.silentAfterBytes !== undefined) return;
  if (fault.resetAfterBytes !== undefined) {
    response.socket?.destroy();
    return;
  }
  while (fault.endless !== undefined && !response.destroyed) await write(response, Buffer.from(fault.endless));
  response.end();
}

/** Cuts into pieces of these sizes, over and over; without sizes into one. */
export function cutBytes(bytes: Uint8Array, sizes: number[] = []): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let start = 0, turn = 0; start < bytes.length; turn += 1) {
    const end = start + (sizes[turn % Math.max(sizes.length, 1)] ?? bytes.length);
    pieces.push(bytes.subarray(start, end));
    start = end;
  }
  return pieces;
}

/** Waits until the piece is handed to the system, and a moment longer so that pieces do not leave together. */
async function write(response: ServerResponse, piece: Uint8Array): Promise<void> {
  if (response.destroyed) return;
  await new Promise<void>((resolve) => {
    response.once('close', resolve);
    response.write(piece, () => {
      response.off('close', resolve);
      resolve();
    });
  });
  await setImmediate();
}
