/** What can be chosen from, as rows: what is there, by provider, then what is missing for the rest. Knows nothing of VS Code. */
import type { ListedModelView, MissingView, ModelList, ProviderView } from '../../protocol/models.ts';
import { plainLine } from '../plain-text.ts';

export type ModelChoice =
  | { kind: 'group'; label: string }
  /** No choice of this folder's own. */
  | { kind: 'automatic'; label: string; description: string; isCurrent: boolean }
  | { kind: 'model'; label: string; description: string; name: string; isCurrent: boolean; needsLeave: boolean }
  | { kind: 'missing'; label: string; description: string; icon: string; provider: string; missing: MissingView };

const LONGEST_NAME = 80;
const LONGEST_REASON = 160;

export function modelChoices({ default_model, providers }: ModelList, current: string | null): ModelChoice[] {
  const isReady = (provider: ProviderView) => provider.models.some((model) => isOpen(provider, model));
  // A script comes after all models.
  const ready = [...providers.filter(isReady)].sort(
    (a, b) => Number(a.kind === 'script') - Number(b.kind === 'script'),
  );
  const rest = providers.flatMap((provider) => {
    const { missing } = provider;
    return missing === null || isReady(provider) || isTwin(provider, providers) ? [] : [[provider, missing] as const];
  });
  const isListed = ready.some(({ models }) => models.some(({ name }) => name === current));
  return [
    {
      kind: 'automatic',
      label: 'As the Faculty Says',
      description: `else ${plainLine(default_model, LONGEST_NAME)}${lackOfDefault(providers)}`,
      isCurrent: current === null,
    },
    ...(current === null || isListed ? [] : [unlisted(current)]),
    ...ready.flatMap((provider) => [
      { kind: 'group' as const, label: provider.title },
      ...provider.models.filter((model) => isOpen(provider, model)).map((model) => choiceOf(provider, model, current)),
    ]),
    ...(rest.length > 0 ? [{ kind: 'group' as const, label: 'what is missing for the others' }] : []),
    ...rest.map(([provider, missing]) => lackOf(provider, missing)),
  ];
}

/** Where nothing was chosen, the way on is a choice or a key: so it is said at once. */
function lackOfDefault(providers: readonly ProviderView[]): string {
  const provider = providers.find(({ models }) => models.some(({ is_default }) => is_default));
  if (!provider?.missing) return '';
  return provider.missing.kind === 'key' ? ', which needs a key' : ', which cannot be asked now';
}

/** What VS Code has may be chosen before a person has said that Animus may use it: the choice asks them. */
function isOpen({ kind }: ProviderView, { usable }: ListedModelView): boolean {
  return usable || kind === 'vscode';
}

/** The key of one before it is its key too: what mends that mends this. */
function isTwin(provider: ProviderView, providers: readonly ProviderView[]): boolean {
  const first = providers.find(({ credential }) => credential === provider.credential);
  return provider.missing?.kind === 'key' && provider.credential !== null && first !== provider;
}

function choiceOf({ name: provider, kind }: ProviderView, model: ListedModelView, current: string | null): ModelChoice {
  const { name, label, context_tokens, price, is_default, usable } = model;
  const needsLeave = kind === 'vscode' && !usable;
  const facts = [
    label === null ? '' : plainLine(label, LONGEST_NAME),
    context_tokens === null ? '' : `${tokens(context_tokens)} context`,
    price === null ? '' : `$${price.input} in, $${price.output} out per million`,
    is_default ? 'default' : '',
    needsLeave ? 'asks you first' : '',
  ];
  return {
    kind: 'model',
    label: plainLine(name.slice(provider.length + 1), LONGEST_NAME),
    description: facts.filter((fact) => fact !== '').join(' · '),
    name,
    isCurrent: name === current,
    needsLeave,
  };
}

/** It was named by hand, or its provider is not there now. */
function unlisted(name: string): ModelChoice {
  const label = plainLine(name, LONGEST_NAME);
  return { kind: 'model', label, description: 'not listed now', name, isCurrent: true, needsLeave: false };
}

const ICONS: Record<MissingView['kind'], string> = {
  key: 'key',
  server: 'debug-disconnect',
  window: 'extensions',
  permission: 'lock',
  other: 'warning',
};

function lackOf({ name, title }: ProviderView, missing: MissingView): ModelChoice {
  const { kind, message } = missing;
  return {
    kind: 'missing',
    label: title,
    description: kind === 'key' ? 'needs a key' : plainLine(message.replace(/\.$/, ''), LONGEST_REASON),
    icon: ICONS[kind],
    provider: name,
    missing,
  };
}

function tokens(count: number): string {
  return count >= 1_000_000 ? `${+(count / 1_000_000).toFixed(1)}M` : `${Math.round(count / 1000)}k`;
}

/** The vendor of a model of VS Code; undefined for any other. */
export function vendorOf(name: string): string | undefined {
  return /^vscode\/([^/]+)\//.exec(name)?.[1];
}
