/** animus focus context. */
import type { HostClient } from '../../../client/host-client.ts';
import { type FocusContextView, seenBlock } from '../../../protocol/focus.ts';
import type { JsonObject } from '../../../protocol/json.ts';
import { EXIT } from '../exit-codes.ts';
import { type CliSession, withHost } from '../session.ts';
import { plain, type Terminal } from '../terminal.ts';
import { checkedId } from './work.ts';

/** Prints what the model saw at a turn, as the request was built. */
export async function focusContext(session: CliSession, options: { turn?: number }, id: string): Promise<number> {
  const { terminal, json } = session;
  const asked = { id: checkedId(id), ...(options.turn === undefined ? {} : { turn: options.turn }) };
  const seen = await withHost(session, (client) => readWhole(client, asked));
  if (json) {
    const { next_after: _, ...whole } = seen;
    terminal.out(JSON.stringify(whole));
    return EXIT.done;
  }
  for (const text of seen.system) show(terminal, 'system', text);
  show(terminal, 'tools', seen.tools.join(', '));
  for (const { role, content } of seen.messages) {
    for (const block of content) show(terminal, ...described(role, block));
  }
  terminal.note(
    `turn ${seen.turn} of the focus ${seen.focus_id}, for ${plain(seen.model)}: about ${seen.tokens} tokens`,
  );
  return EXIT.done;
}

async function readWhole(client: HostClient, asked: { id: string; turn?: number }): Promise<FocusContextView> {
  const first = await client.request('focus/context', asked);
  const messages = [...first.messages];
  for (let after = first.next_after; after !== null; ) {
    const page = await client.request('focus/context', { ...asked, turn: first.turn, after });
    messages.push(...page.messages);
    after = page.next_after;
  }
  return { ...first, messages };
}

function show(terminal: Terminal, heading: string, text: string): void {
  terminal.out(`=== ${plain(heading)}\n${plain(text)}\n`);
}

/** A block's heading and text. One of a kind that this version does not know is shown as it is. */
function described(role: string, content: JsonObject): [heading: string, text: string] {
  const parsed = seenBlock.safeParse(content);
  if (!parsed.success) return [role, JSON.stringify(content)];
  switch (parsed.data.type) {
    case 'text':
      return [role, parsed.data.text];
    case 'thinking':
      return [`${role}, thinking`, parsed.data.text];
    case 'image':
      return [`${role}, image`, parsed.data.mediaType];
    case 'tool_use':
      return [`${role}, call ${parsed.data.id}`, `${parsed.data.name} ${JSON.stringify(parsed.data.input)}`];
    case 'tool_result':
      return [`${role}, ${parsed.data.isError ? 'error' : 'result'} of ${parsed.data.toolUseId}`, parsed.data.content];
  }
}
