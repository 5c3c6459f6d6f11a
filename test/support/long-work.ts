/** The work that the bounds of a context are modelled with, and how much of it was sent before. */
import type { WrittenCall } from './engine-model.ts';

/** 200 turns with results of 1,500 tokens, a step every tenth, and 5,000 tokens of system and tools before them. */
export const MODELLED_WORK = { turns: 200, stepEvery: 10, resultCharacters: 6000, headCharacters: 20_000 };

/**
 * What was modelled for it, in tokens: 91 % of 3.6 million are sent before, so 324,000 are not. 356,000 at the end of the full history are some
 * 1,750 a turn, so 250 besides the result; 28,000 at the peak are the head, a block of ten turns, and twenty stubs of some 350. The model counts
 * the turn that wrote a step into a request of its own, though that one never leaves: the same new tokens are 90 % and not 91 % of what is really
 * sent. So what is held is how much is new, and how much is sent, and the part follows.
 */
export const MODELLED = { sent: 3_600_000, anew: 324_000, peak: 28_000, sharedPercent: 90, whole: 36_000_000 };

const entry = (entry_type: string, content: string): WrittenCall => ({
  name: 'ledger_append',
  input: { entry_type, content },
});

/** What turn n, from 1, says before its calls. */
export const remarkOf = (turn: number) =>
  `Turn ${turn}: that file settles one of the open points. Its loop is bounded by the number of attempts alone, the pause between them is constant, and ` +
  'what the server says about waiting is read and then thrown away two lines further down. That fits what the part before it showed, where the ' +
  'attempts of the caller multiply with those of the transport. I do not know yet whether the queue goes through the same path or has one of its own, ' +
  'so I look at the next file, and at its tests, before I write down what follows from it.';

/** What turn n, from 1, writes down: a finding every third turn, and what came of it at a step. */
export function recordOf(turn: number, stepEvery: number): WrittenCall[] {
  const at = turn % stepEvery;
  if (at === 0)
    return [
      entry(
        'step',
        `Went through part ${turn / stepEvery}, files ${turn - stepEvery + 1} to ${turn}: the transport decides alone what is tried again, by the class ` +
          'of the error and never by its text. Two callers count their own attempts on top of that, so that a request that is refused for its rate goes ' +
          'out nine times instead of three. Nothing here waits between attempts. What is left of this part is the queue, whose consumers give a message ' +
          'back unread, which counts as an attempt as well. No test of this part looks at any of it.',
      ),
    ];
  if (at % 3 !== 1) return [];
  return [
    entry(
      'finding',
      `src/part-${turn}/transport.ts:${turn + 40} tries three times, and src/part-${turn}/client.ts:${turn + 7} calls it in a loop of three of its own; ` +
        'neither looks at Retry-After, and the second one swallows the last error, so that its callers see a time-out where the server had refused the key.',
    ),
  ];
}

/** What of all requests one like the one before it had, in characters. */
export class SharedCount {
  shared = 0;
  sent = 0;
  peak = 0;
  #before: readonly string[] = [];

  /** Takes the next request by its pieces; gives how many characters it begins with as the one before, and the pieces of that. */
  add(pieces: readonly string[]): { same: number; before: readonly string[] } {
    const before = this.#before;
    const differs = pieces.findIndex((piece, at) => piece !== before[at]);
    const same = pieces.slice(0, differs < 0 ? pieces.length : differs).join('').length;
    const size = pieces.join('').length;
    this.shared += same;
    this.sent += size;
    this.peak = Math.max(this.peak, size);
    this.#before = pieces;
    return { same, before };
  }

  /** In tokens of four characters. */
  get figures() {
    const tokens = (characters: number) => Math.round(characters / 4);
    return {
      sent: tokens(this.sent),
      peak: tokens(this.peak),
      anew: tokens(this.sent - this.shared),
      sharedPercent: Math.round((1000 * this.shared) / this.sent) / 10,
    };
  }
}
