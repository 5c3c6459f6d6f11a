/** Calls on their way between an answer, their rows, and the loop. */
import { uuidv7 } from '../../../rendezvous/ids.ts';
import type { ContentBlock, ToolUseBlock } from '../../llm/types.ts';
import type { ToolCall } from '../../store/foci/tool-calls.ts';
import type { RecordedCall } from '../engage/recorded.ts';
import type { Caller } from '../engage/tool.ts';

export function fromStoredCall(call: ToolCall, blocks: readonly ContentBlock[]): RecordedCall {
  const block = blocks.find((candidate) => candidate.type === 'tool_use' && candidate.id === call.providerCallId);
  const invalid = block?.type === 'tool_use' ? block.invalid : undefined;
  return {
    id: call.id,
    turn: call.turn,
    caller: call.caller,
    position: call.position,
    providerCallId: call.providerCallId,
    name: call.name,
    input: call.input,
    ...(call.effectiveInput === null ? {} : { effectiveInput: call.effectiveInput }),
    ...(invalid ? { invalid } : {}),
    ...(call.rawResult ? { raw: { content: call.rawResult.content, isError: call.rawResult.is_error } } : {}),
    started: call.state === 'started',
    waiting: call.state === 'waiting',
    result: call.result ? { content: call.result.content, isError: call.result.is_error } : null,
  };
}

export function newCall(block: ToolUseBlock, position: number, turn: number, caller: Caller): RecordedCall {
  return {
    id: uuidv7(),
    turn,
    caller,
    position,
    providerCallId: block.id,
    name: block.name,
    input: block.input,
    ...(block.invalid ? { invalid: block.invalid } : {}),
    started: false,
    waiting: false,
    result: null,
  };
}

/** Some servers give two calls one id; results could not be told apart. */
export function uniqueCallIds(blocks: readonly ContentBlock[]): ContentBlock[] {
  const seen = new Set<string>();
  return blocks.map((block) => {
    if (block.type !== 'tool_use') return block;
    let id = block.id;
    for (let copy = 2; seen.has(id); copy += 1) id = `${block.id}-${copy}`;
    seen.add(id);
    return { ...block, id };
  });
}
