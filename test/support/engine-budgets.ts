/** Foci that cost something: models with a price, what they used, and people who answer. */
import assert from 'node:assert/strict';
import type { Hooks } from '../../src/host/engine/engage/hooks.ts';
import { type Answer, answerQuestion } from '../../src/host/engine/focus/answer.ts';
import type { Usage } from '../../src/host/llm/types.ts';
import { readBudgets } from '../../src/host/store/budgets/budgets.ts';
import { type Question, readOpenQuestions } from '../../src/host/store/questions/questions.ts';
import { uuidv7 } from '../../src/rendezvous/ids.ts';
import type { Bench } from './engine-focus.ts';
import { NO_HOOKS } from './engine-loop.ts';
import type { WrittenModel } from './engine-model.ts';

/** A dollar for a million tokens in, five for a million out. */
export const PRICED = 'anthropic/claude-haiku-4-5';

/** What one answer costs that uses `DEAR`: 10,000 in and 1,000 out. */
export const DEAR_MICROS = 15_000;
export const DEAR: Usage = { input: 10_000, cacheRead: 0, cacheWrite: 0, output: 1000, reasoning: 0 };

/** The model's answers, with another usage. */
export function using(model: WrittenModel, usage: Usage = DEAR): WrittenModel {
  return {
    provider: model.provider,
    requests: model.requests,
    async *stream(request, signal) {
      for await (const event of model.stream(request, signal)) {
        yield event.type === 'done' ? { ...event, response: { ...event.response, usage } } : event;
      }
    },
  };
}

export async function spentOn(bench: Bench, id: string) {
  const budget = (await readBudgets(bench.db, [id])).get(id);
  assert.ok(budget, `${id} has no budget`);
  return { tokens: budget.spentTokens, costMicros: budget.spentCostMicros, ms: budget.spentMs };
}

/** The one question that is open. */
export async function openQuestion(bench: Bench): Promise<Question> {
  const [question, ...others] = await readOpenQuestions(bench.db, bench.place);
  assert.ok(question, 'nothing is asked');
  assert.equal(others.length, 0);
  return question;
}

/** A person answers the one open question. */
export async function answered(bench: Bench, given: Answer['given']): Promise<Question> {
  const { id } = await openQuestion(bench);
  const result = await answerQuestion(bench.db, id, { given, by: 'a test' });
  assert.equal(result.kind, 'answered', JSON.stringify(result));
  return result.question;
}

/** A hook that chooses the model of each request. */
export function choosing(model: string): Hooks {
  const facts = { reason: null, exitCode: 0, stderrTail: '', durationMs: 1 };
  return {
    ...NO_HOOKS,
    matches: async (event) => event === 'BeforeLLMCall',
    beforeModel: async () => [
      { id: uuidv7(), event: 'BeforeLLMCall', hook: 'chooser', outcome: 'modified', patch: { model }, ...facts },
    ],
  };
}
