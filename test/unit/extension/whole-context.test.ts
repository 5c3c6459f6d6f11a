import assert from 'node:assert/strict';
import { readWholeContext } from '../../../src/extension/commands/whole-context.ts';
import { FakeConnection, FakeHost, sampleId } from '../../support/vscode-fakes.ts';

describe('what the model saw, as a document', () => {
  const said = (text: string) => ({ role: 'user', content: [{ type: 'text', text }] });

  function hostWith(pages: object[][]): FakeHost {
    return new FakeHost({
      'focus/context': ({ turn, after = 0 }: { turn: number; after?: number }) => ({
        ...{ focus_id: sampleId(1), work_item_id: sampleId(2), turn, model: 'a/b', system: ['S'], tools: ['t'] },
        ...{ tokens: 7, messages: pages[after], next_after: after + 1 < pages.length ? after + 1 : null },
      }),
    });
  }

  it('is the request of one turn with the messages of all its pages', async () => {
    const host = hostWith([[said('one')], [said('two'), said('three')]]);
    const text = await readWholeContext(new FakeConnection(host).connection, sampleId(1), 3);
    assert.deepEqual(JSON.parse(text), {
      ...{ focus_id: sampleId(1), work_item_id: sampleId(2), turn: 3, model: 'a/b', system: ['S'], tools: ['t'] },
      ...{ tokens: 7, messages: [said('one'), said('two'), said('three')] },
    });
    assert.deepEqual(host.askedFor('focus/context'), [
      { id: sampleId(1), turn: 3 },
      { id: sampleId(1), turn: 3, after: 1 },
    ]);
  });

  it('[S12] has what would do something unseen written out, and reads back the same', async () => {
    const hidden = '\u001b[31m \u009b2J \u202edesrever \u2066x\u2069 \u200b \ufeff \u{e0041} ünïcode 🙂';
    const text = await readWholeContext(new FakeConnection(hostWith([[said(hidden)]])).connection, sampleId(1), 1);
    assert.doesNotMatch(text, /(?!\n)[\p{Cc}\p{Bidi_Control}\u200b\ufeff\u{e0000}-\u{e0fff}]/u);
    assert.match(text, /ünïcode 🙂/);
    assert.deepEqual(JSON.parse(text).messages, [said(hidden)]);
  });
});
