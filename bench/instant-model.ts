/** A model that answers at once: so many turns of one ledger entry and one file each, then the end. */
import type { ContentBlock, LlmClient, StopReason } from '../src/host/llm/types.ts';

const USAGE = { input: 2000, cacheRead: 1500, cacheWrite: 200, output: 150, reasoning: 0 };

export function instantModel(turns: number, file: string): LlmClient {
  return {
    provider: 'instant',
    async *stream({ turn = 1 }) {
      const isLast = turn > turns;
      const content: ContentBlock[] = isLast
        ? [{ type: 'text', text: 'Done.' }]
        : [
            { type: 'text', text: `Turn ${turn}: I note what I know and look at the file.` },
            {
              type: 'tool_use',
              id: `call_${turn}_1`,
              name: 'ledger_append',
              // Every tenth entry closes a block, as in ordinary work.
              input: { entry_type: turn % 10 === 0 ? 'step' : 'finding', content: `What turn ${turn} found: a heron.` },
            },
            { type: 'tool_use', id: `call_${turn}_2`, name: 'read_file', input: { path: file } },
          ];
      const stopReason: StopReason = { kind: isLast ? 'end_turn' : 'tool_use' };
      yield { type: 'done', response: { model: 'model', content, stopReason, usage: USAGE } };
    },
  };
}
