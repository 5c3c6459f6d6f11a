/**
 * Measuring on a machine that others use: what is compared runs in turns, round by round, and ratios are taken within a
 * round, so that a slow moment slows both sides.
 */

/** One side of a comparison. Gives milliseconds by label; the same labels every time. */
export type Contender = () => Promise<Readonly<Record<string, number>>>;

export type Rounds = {
  warmUps: number;
  counted: number;
  /** No further round begins after this long, but one is always counted. */
  budgetMs: number;
  signal: AbortSignal;
};

export type Samples = ReadonlyMap<string, readonly number[]>;

export async function alternate(contenders: readonly Contender[], rounds: Rounds): Promise<Samples> {
  const samples = new Map<string, number[]>();
  const deadline = performance.now() + rounds.budgetMs;
  for (let round = -rounds.warmUps; round < rounds.counted; round += 1) {
    if (round > 0 && performance.now() > deadline) break;
    const order = round % 2 === 0 ? contenders : contenders.toReversed();
    for (const contender of order) {
      rounds.signal.throwIfAborted();
      const figures = await contender();
      if (round < 0) continue;
      for (const [label, ms] of Object.entries(figures)) samples.set(label, [...(samples.get(label) ?? []), ms]);
    }
  }
  return samples;
}

export type Figure = {
  label: string;
  median: number;
  min: number;
  max: number;
  runs: number;
  /** The median of each round's ratio to the comparison; null for the comparison itself. */
  ratio: number | null;
};

/** One figure for each label, in the order given, beside the one they are compared with. */
export function figures(samples: Samples, labels: readonly string[], comparison: string): Figure[] {
  return labels.map((label) => {
    const values = valuesOf(samples, label);
    return {
      label,
      median: median(values),
      min: Math.min(...values),
      max: Math.max(...values),
      runs: values.length,
      ratio: label === comparison ? null : ratioOf(samples, label, comparison),
    };
  });
}

/** The median of each round's ratio. */
export function ratioOf(samples: Samples, label: string, comparison: string): number {
  const base = valuesOf(samples, comparison);
  return median(valuesOf(samples, label).map((value, round) => value / (base[round] ?? Number.NaN)));
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2;
}

function valuesOf(samples: Samples, label: string): readonly number[] {
  const values = samples.get(label);
  if (!values) throw new Error(`Nothing was measured for "${label}".`);
  return values;
}
