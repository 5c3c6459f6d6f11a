/** A request of a model, all its pages, as text for a person. Knows nothing of VS Code. */
import type { HostConnection } from '../host/connection.ts';

/** JSON escapes the controls of C0 alone. The others are written out too, which any reader of JSON undoes. */
const HIDDEN =
  /[\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb]|\udb40[\udc00-\udfff]/g;

export async function readWholeContext(
  connection: Pick<HostConnection, 'request'>,
  id: string,
  turn: number,
): Promise<string> {
  const { next_after, messages: first, ...request } = await connection.request('focus/context', { id, turn });
  const messages = [...first];
  for (let after = next_after; after !== null; ) {
    const page = await connection.request('focus/context', { id, turn, after });
    messages.push(...page.messages);
    after = page.next_after;
  }
  return `${written(JSON.stringify({ ...request, messages }, null, 2))}\n`;
}

function written(json: string): string {
  return json.replace(HIDDEN, (hidden) =>
    [...Array(hidden.length).keys()].map((at) => `\\u${hidden.charCodeAt(at).toString(16).padStart(4, '0')}`).join(''),
  );
}
