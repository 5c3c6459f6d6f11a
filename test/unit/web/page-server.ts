/** A real server on loopback that answers as each test wants, and counts what it is asked. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export type Answering = (request: IncomingMessage, response: ServerResponse) => void;

export type PageServer = {
  port: number;
  /** With this path, under the name of the test. */
  at(path: string, host?: string): string;
  /** `GET /path`, in the order of asking. */
  asked: string[];
  requests: IncomingMessage[];
  /** By the path, without what stands behind a question mark. */
  pages: Record<string, Answering>;
  close(): Promise<void>;
};

export async function openPageServer(secure?: { key: string; cert: string }): Promise<PageServer> {
  const pages: Record<string, Answering> = {};
  const asked: string[] = [];
  const requests: IncomingMessage[] = [];
  const answer: Answering = (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://a/');
    asked.push(`${request.method} ${request.url}`);
    requests.push(request);
    const page = pages[pathname];
    if (page) page(request, response);
    else response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>Nothing</h1>');
  };
  const server: Server = secure ? createSecureServer(secure, answer) : createServer(answer);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    at: (path, host = 'docs.test') => `http${secure ? 's' : ''}://${host}:${port}${path}`,
    asked,
    requests,
    pages,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export function page(body: string | Uint8Array, type = 'text/html; charset=utf-8', headers: object = {}): Answering {
  return (_request, response) => response.writeHead(200, { 'content-type': type, ...headers }).end(body);
}

export function redirect(location: string, status = 302): Answering {
  return (_request, response) => response.writeHead(status, { location }).end('moved');
}
