/** Budgets in words: what is used up, what a person may do about it, and what an answer means. */
import { shortId } from '../../../rendezvous/ids.ts';
import type { LimitName } from '../../store/budgets/budgets.ts';
import type { EngineQuestion } from '../engage/types.ts';
import type { Exhausted } from './admission.ts';

const MICROS = 1_000_000;
const SECOND_MS = 1000;
const CENT_MICROS = 10_000;

/** An amount in the limit's own unit. */
export function amount(limit: LimitName, value: number): string {
  switch (limit) {
    case 'turns':
      return value === 1 ? '1 turn' : `${value} turns`;
    case 'tokens':
      return `${value.toLocaleString('en')} tokens`;
    case 'cost':
      return dollars(value);
    case 'duration':
      return duration(value);
  }
}

function dollars(micros: number): string {
  return micros > 0 && micros < CENT_MICROS ? `$${(micros / MICROS).toFixed(4)}` : `$${(micros / MICROS).toFixed(2)}`;
}

function duration(ms: number): string {
  const seconds = Math.round(ms / SECOND_MS);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${(minutes / 60).toFixed(1)} h`;
}

/** What happened, as the outcome of work that ends by it says it. A limit may be smaller than what one call may need. */
export function exhaustedText(exhausted: Exhausted, workItemId: string): string {
  const { limit, ownerId, most, spent, need } = exhausted;
  const whose = ownerId === workItemId ? 'this work' : `the work #${shortId(ownerId)} above this one`;
  if (limit === 'turns') return `The limit of ${amount(limit, most)} is reached.`;
  if (limit === 'duration') {
    return `The budget of ${whose} is used up: it may run for ${amount(limit, most)}, and has run for ${amount(limit, spent)}.`;
  }
  const next = `next answer may ${limit === 'cost' ? 'cost' : 'take'} up to ${amount(limit, need)}`;
  if (spent < most && need > most) {
    const left = spent === 0 ? 'Nothing of it is spent.' : `It has spent ${amount(limit, spent)} of it.`;
    return `The ${next}, and the limit of ${whose} is ${amount(limit, most)}. ${left}`;
  }
  const has = spent < most ? 'has too little left' : 'is used up';
  return `The budget of ${whose} ${has}: of ${amount(limit, most)} it has spent ${amount(limit, spent)}, and the ${next}.`;
}

export function budgetQuestion(exhausted: Exhausted, workItemId: string, turn: number): EngineQuestion {
  const { limit, most, spent } = exhausted;
  const raise_to = raised(exhausted);
  return {
    kind: 'budget',
    turn,
    text: `${exhaustedText(exhausted, workItemId)} Shall it go on?`,
    choices: [`Raise the limit to ${amount(limit, raise_to)} and go on`, 'Stop here'],
    data: { limit, most, spent, raise_to },
  };
}

/** Twice as much, and enough to get somewhere. */
function raised({ limit, most, spent, need }: Exhausted): number {
  const more = Math.max(most * 2, Math.ceil((spent + need) * 1.5));
  return limit === 'cost' ? Math.ceil(more / CENT_MICROS) * CENT_MICROS : more;
}

const AMOUNT =
  /^(\$?)\s*([\d,]*\d(?:\.\d+)?|[\d,]*\.\d+)\s*(turns?|tokens?|usd|dollars?|s|sec|seconds?|m|min|minutes?|h|hours?)?$/i;

const FACTORS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** A new limit as a person writes it, in the limit's own unit: "80", "$2.50", "90 min". Undefined where it is none. */
export function parseAmount(limit: LimitName, text: string): number | undefined {
  const [, dollar = '', digits = '', name = ''] = AMOUNT.exec(text.trim()) ?? [];
  const unit = dollar === '' ? name.toLowerCase() : 'usd';
  const value = Number(digits.replaceAll(',', ''));
  if (digits === '' || !Number.isFinite(value) || !fits(limit, unit)) return undefined;
  switch (limit) {
    case 'turns':
    case 'tokens':
      return Math.floor(value);
    case 'cost':
      return Math.round(value * MICROS);
    case 'duration':
      return Math.round(value * (FACTORS[unit.charAt(0)] ?? 1) * SECOND_MS);
  }
}

function fits(limit: LimitName, unit: string): boolean {
  if (unit === '') return true;
  if (limit === 'turns' || limit === 'tokens') return limit.startsWith(unit.replace(/s$/, ''));
  if (limit === 'cost') return unit === 'usd' || unit.startsWith('dollar');
  return /^[smh]/.test(unit);
}
