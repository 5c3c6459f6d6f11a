/** Hooks that stay answer what they were asked, or nothing that counts. */
import assert from 'node:assert/strict';
import { inNamespace, requireNamespace } from './namespace.ts';

type Stayed = { verdicts: string[]; processes: number; left: string[] };
const result = <T = Stayed>(scenario: string) => inNamespace<T>('./persistent-hook-scenarios.ts', scenario);

const NO = 'Blocked by the hook guard: no';

describe('hooks that stay', function () {
  this.timeout(60_000);
  before(requireNamespace);

  it('[F20] allow nothing by an empty line, and are started anew after one', async () => {
    assert.deepEqual(await result('empty'), {
      verdicts: [
        'pass',
        'Blocked by the hook guard: it answered with an empty line; one that stays has to say {"action": "allow"}',
        NO,
      ],
      processes: 2,
      left: [],
    });
  });

  it('[F20] that name the question which they answer are not believed about another', async () => {
    assert.deepEqual(await result('late'), {
      verdicts: ['pass', 'Blocked by the hook guard: it answered with the id of another question', NO],
      processes: 2,
      left: [],
    });
    assert.deepEqual(await result('named'), { verdicts: ['pass', NO, 'pass'], processes: 1, left: [] });
  });

  for (const [scenario, what] of [
    ['leftover', 'together with their answer'],
    ['unasked', 'after their answer'],
  ] as const) {
    it(`[F20] are asked no more once they said something ${what} that nobody had asked for`, async () => {
      assert.deepEqual(await result(scenario), { verdicts: ['pass', NO], processes: 2, left: [] });
    });
  }

  it('[F20] are asked no more once they said what is no answer: that may still come', async () => {
    const { verdicts, ...rest } = await result('chatter');
    assert.match(verdicts[0] ?? '', /it answered with no JSON/);
    assert.deepEqual([verdicts[1], rest], [NO, { processes: 2, left: [] }]);
  });

  it('[F20] let none of the calls through that wait beside others, whenever their lines come', async () => {
    const { kinds, left } = await result<{ kinds: string[]; left: string[] }>('newlines');
    assert.deepEqual([kinds, left], [Array.from({ length: 10 }, () => 'block'), []]);
  });
});
