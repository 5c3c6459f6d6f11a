/** focus/context. */
import { AnimusError } from '../../../protocol/errors.ts';
import type { JsonObject } from '../../../protocol/json.ts';
import { shortId } from '../../../rendezvous/ids.ts';
import type { Db } from '../../db/types.ts';
import { requestTokens } from '../../engine/engage/context/grow.ts';
import { buildRequest } from '../../engine/engage/stream-answer.ts';
import { readContextAt } from '../../engine/focus/context-rows.ts';
import { type PinnedConfig, readConfig } from '../../engine/focus/pinned-config.ts';
import type { Focus } from '../../store/foci/foci.ts';
import { type HookRun, readHookRuns } from '../../store/foci/hook-runs.ts';
import { readAnswers } from '../../store/foci/messages.ts';
import type { Handlers } from '../context.ts';
import { requireFocus } from '../find-focus.ts';
import { fitting, jsonBytes, leftOut, PAGE_BYTES } from '../page.ts';

export const focusContextHandlers: Pick<Handlers, 'focus/context'> = {
  async 'focus/context'(context, { id, turn, after }) {
    const db = await context.database();
    const focus = await requireFocus(db, context.place, id);
    const pinned = requireConfig(focus);
    const asked = await requireTurn(db, focus, turn);
    const config = patchedBy(await readHookRuns(db, focus.id, 'BeforeLLMCall', asked.turn), pinned);
    const rows = await readContextAt(db, focus.id, asked);
    const request = buildRequest(config, rows, asked.turn);
    const left = request.messages.slice(after).map(({ role, content }) => {
      const tooLong = jsonBytes(content) > PAGE_BYTES;
      return {
        role,
        content: tooLong ? [{ type: 'text', text: leftOut(content) }] : (content as unknown as JsonObject[]),
      };
    });
    const messages = fitting(left);
    return {
      focus_id: focus.id,
      work_item_id: focus.workItemId,
      turn: asked.turn,
      model: config.model,
      system: request.system.map(({ text }) => text),
      tools: request.tools.map(({ name }) => name),
      messages,
      tokens: requestTokens([config.system, config.tools], rows),
      next_after: messages.length < left.length ? after + messages.length : null,
    };
  },
};

function requireConfig({ id, config, prunedAt }: Focus) {
  if (prunedAt) {
    const message = `The messages of the focus ${id} were removed on ${prunedAt.toISOString().slice(0, 10)}.`;
    throw new AnimusError('not_found', message, 'How long they are kept is retention.days in config.toml.');
  }
  if (config) return readConfig(config);
  const message = `The focus ${id} has not asked a model yet, so there is nothing that one saw.`;
  throw new AnimusError('wrong_state', message, `Look again later: animus focus context ${shortId(id)}`);
}

/** As hooks had the turn's request: of each key the last patch counts. The messages that they added are rows of their own. */
function patchedBy(runs: readonly HookRun[], config: PinnedConfig): PinnedConfig {
  const patched = { ...config };
  for (const { outcome, output } of runs) {
    if (outcome !== 'modified' || output === null) continue;
    if (typeof output.system === 'string') patched.system = [output.system];
    if (typeof output.model === 'string') patched.model = output.model;
  }
  return patched;
}

/** `answerN` is absent where the turn has no answer yet. */
async function requireTurn(
  db: Db,
  { id }: Focus,
  turn: number | undefined,
): Promise<{ turn: number; answerN?: number }> {
  const answers = await readAnswers(db, id);
  const newest = answers.at(-1)?.turn ?? 0;
  const asked = turn ?? Math.max(newest, 1);
  const answer = answers.find((candidate) => candidate.turn === asked);
  if (answer) return { turn: asked, answerN: answer.n };
  if (asked === newest + 1) return { turn: asked };
  const message = `The focus ${id} has no turn ${asked}: it has ${newest}.`;
  throw new AnimusError(
    'not_found',
    message,
    `Give --turn 1 to ${newest + 1}; the last one is what the model sees next.`,
  );
}
