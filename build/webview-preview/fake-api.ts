/** The door to an extension that is not there: `acquireVsCodeApi` in a page, answered by the page itself. */

type PreviewPage = {
  location: { search: string };
  sessionStorage: { getItem(key: string): string | null; setItem(key: string, value: string): void };
  postMessage(message: unknown): void;
  acquireVsCodeApi(): unknown;
  /** What the view asked for, and a way to send it more, for whoever drives the page. */
  preview: { posted: unknown[]; send(message: unknown): void; reset?: unknown; resetAt?: number };
};

const page = globalThis as unknown as PreviewPage;

export function installFakeApi<Outgoing, Incoming extends { type: string }>(answer: (message: Outgoing) => void) {
  const parameters = new URLSearchParams(page.location.search);
  const posted: unknown[] = [];
  page.preview = { posted, send: (message) => page.postMessage(message) };
  const send = (message: Incoming) => {
    if (message.type === 'reset') Object.assign(page.preview, { reset: message, resetAt: performance.now() });
    page.postMessage(message);
  };
  page.acquireVsCodeApi = () => ({
    postMessage(message: Outgoing) {
      posted.push(message);
      // As with the real one, the answer comes later.
      setTimeout(() => answer(message), 0);
    },
    getState: () => JSON.parse(page.sessionStorage.getItem('state') ?? 'null') ?? undefined,
    setState: (state: unknown) => page.sessionStorage.setItem('state', JSON.stringify(state)),
  });
  return { send, parameters };
}
