/**
 * Which model a focus goes on with. The one that answers is `foci.model`, so a focus that is resumed stays with it; the row of
 * the change (`context_cuts`) says what it replaced and why, since a prompt that was kept for one model is kept for no other.
 */
import { retryLost } from '../../db/retry-lost.ts';
import type { LlmClient, LlmError } from '../../llm/types.ts';
import { insertCut } from '../../store/foci/cuts.ts';
import { type Focus, readFocus, setModel } from '../../store/foci/foci.ts';
import { proveLease } from '../../store/work/leases.ts';
import type { PinnedConfig } from './pinned-config.ts';
import type { Claim, FocusDependencies, OpenedModel } from './types.ts';

/** Why each model before the one that is chosen could not be asked. */
type Missing = { missing: Exclude<OpenedModel, { kind: 'ready' }>[] };

export type ChosenModel = Missing & ({ kind: 'ready'; model: string; client: LlmClient } | { kind: 'none' });

/** The first model that can be asked, from the one that answers on; a change is recorded. */
export async function chooseModel(
  deps: FocusDependencies,
  claim: Claim,
  focus: Focus,
  config: PinnedConfig,
): Promise<ChosenModel> {
  const models = modelsFrom(config, focus.model);
  const chosen = firstReady(deps, models);
  const [current] = models;
  const [why] = chosen.missing;
  if (chosen.kind === 'ready' && current !== undefined && why !== undefined) {
    await takeOver(deps, claim, current, chosen.model, { kind: why.kind, message: reasonOf(why) });
  }
  return chosen;
}

function reasonOf(why: Missing['missing'][number]): string {
  switch (why.kind) {
    case 'needs_credentials':
      return `There is no key for ${why.provider}.`;
    case 'unavailable':
      return `Nobody who can ask ${why.modelName} is there.`;
    case 'unknown':
      return why.message;
  }
}

/** The model that goes on after `failed` did not, recorded; none also where another one would not help. */
export async function fallBack(
  deps: FocusDependencies,
  claim: Claim,
  config: PinnedConfig,
  failed: string,
  error: LlmError,
): Promise<ChosenModel> {
  const chosen = firstReady(deps, helps(error) ? modelsFrom(config, failed).slice(1) : []);
  if (chosen.kind === 'none') return chosen;
  const { kind, message } = error;
  await takeOver(deps, claim, failed, chosen.model, { kind, message: deps.redactor.text(message) });
  return chosen;
}

/** Each once, from the one that answers on; that one is no longer among them where a row is older than its faculty. */
function modelsFrom({ model, fallbackModels }: PinnedConfig, current: string | null): string[] {
  const models = [...new Set([model, ...fallbackModels])];
  return models.slice(Math.max(0, models.indexOf(current ?? model)));
}

function firstReady({ models: opener }: FocusDependencies, models: readonly string[]): ChosenModel {
  const missing: Missing['missing'] = [];
  for (const model of models) {
    const opened = opener.open(model);
    if (opened.kind === 'ready') return { kind: 'ready', model, client: opened.client, missing };
    missing.push(opened);
  }
  return { kind: 'none', missing };
}

/** Whether the model is at fault, or its provider or key, rather than the request or the line. */
function helps(error: LlmError): boolean {
  switch (error.kind) {
    case 'overloaded':
    case 'rate_limited':
    case 'auth':
    case 'insufficient_quota':
    case 'unavailable':
      return true;
    case 'api':
      return error.status >= 500;
    case 'http':
    case 'stream_cut':
    case 'malformed':
    case 'command_failed':
    case 'context_exceeded':
    case 'refused':
    case 'cancelled':
      return false;
  }
}

async function takeOver(
  deps: FocusDependencies,
  claim: Claim,
  from: string,
  to: string,
  reason: { kind: string; message: string },
): Promise<void> {
  const ids = { focusId: claim.focus.id, workItemId: claim.item.id };
  const turn = await retryLost((again) =>
    deps.db.transaction(async (tx) => {
      await proveLease(tx, claim.lease);
      if (again && (await readFocus(tx, ids.focusId))?.model === to) return undefined;
      await setModel(tx, ids.focusId, to);
      return insertCut(tx, ids.focusId, 'model_patch', { from, to, reason });
    }),
  );
  deps.log('warn', 'focus.fallback', { ...ids, from, to, reason: reason.kind, message: reason.message });
  if (turn !== undefined) deps.emit({ ...ids, type: 'retry', turn, reason: `${reason.message} ${to} takes over.` });
}
