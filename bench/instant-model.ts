/** A model that answers at once. */
import type { ContentBlock, LlmClient, StopReason } from '../src/host/llm/types.ts';
import type { JsonObject } from '../src/protocol/json.ts';

export const USAGE = { input: 2000, cacheRead: 1500, cacheWrite: 200, output: 150, reasoning: 0 };

export type InstantAnswer = { text: string; calls: { id: string; name: string; input: JsonObject }[] };

/** What is found in each turn: some 150 tokens, so that ten turns are worth folding. */
const FOUND = 'A heron stands in the pond; nothing moves. '.repeat(15);

/** So many turns of a text and one ledger entry, then the end; every tenth entry closes a block, as in ordinary work. */
export function ledgerTurn(turn: number, turns: number): InstantAnswer {
  if (turn > turns) return { text: 'Done.', calls: [] };
  const input = { entry_type: turn % 10 === 0 ? 'step' : 'finding', content: `What turn ${turn} found: ${FOUND}` };
  const text = `Turn ${turn}: I note what I know.`;
  return { text, calls: [{ id: `call_${turn}`, name: 'ledger_append', input }] };
}

/** For our own loops: it says in each turn what `answer` gives for it. */
export function instantModel(answer: (turn: number) => InstantAnswer): LlmClient {
  return {
    provider: 'instant',
    async *stream({ turn = 1 }) {
      const { text, calls } = answer(turn);
      const content: ContentBlock[] = [
        { type: 'text', text },
        ...calls.map((call) => ({ type: 'tool_use' as const, ...call })),
      ];
      const stopReason: StopReason = { kind: calls.length === 0 ? 'end_turn' : 'tool_use' };
      yield { type: 'done', response: { model: 'model', content, stopReason, usage: USAGE } };
    },
  };
}
