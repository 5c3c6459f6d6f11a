/** The same conversation in two libraries, each with its own interface for a model that is not asked over a network. */
import { Agent, type AgentOutputItem, tool as agentsTool, type Model, Runner, Usage } from '@openai/agents';
import { tool as aiTool, generateText, isStepCount } from 'ai';
import { MockLanguageModelV4 } from 'ai/test';
import type { Tool } from '../src/host/engine/engage/tool.ts';
import { toolDefinition } from '../src/host/engine/tools/select-tools.ts';
import { bareTools, SYSTEM, TASK } from './engine-loops.ts';
import { type InstantAnswer, USAGE } from './instant-model.ts';

/** `turns`: after so many answers with calls comes the one without. */
export type OtherConversation = { answer: (turn: number) => InstantAnswer; turns: number; tools: readonly Tool[] };

export async function runByAi({ answer, turns, tools }: OtherConversation): Promise<void> {
  const runTool = bareTools(tools);
  let turn = 0;
  const model = new MockLanguageModelV4({
    doGenerate: async () => {
      turn += 1;
      return aiAnswer(answer(turn));
    },
  });
  const given = tools.map(({ name, description, input }) => {
    const execute = async (asked: unknown) => (await runTool(name, asked)).content;
    return [name, aiTool({ description, inputSchema: input, execute })] as const;
  });
  const stopWhen = isStepCount(turns + 1);
  const { steps, text } = await generateText({
    ...{ model, instructions: SYSTEM, prompt: TASK, tools: Object.fromEntries(given), stopWhen },
  });
  requireWhole('ai', steps.length, text, { answer, turns });
}

function aiAnswer({ text, calls }: InstantAnswer) {
  return {
    content: [
      { type: 'text' as const, text },
      ...calls.map(({ id, name, input }) => {
        return { type: 'tool-call' as const, toolCallId: id, toolName: name, input: JSON.stringify(input) };
      }),
    ],
    finishReason: { unified: calls.length === 0 ? ('stop' as const) : ('tool-calls' as const), raw: undefined },
    usage: {
      inputTokens: { total: USAGE.input, noCache: 300, cacheRead: USAGE.cacheRead, cacheWrite: USAGE.cacheWrite },
      outputTokens: { total: USAGE.output, text: USAGE.output, reasoning: USAGE.reasoning },
    },
    warnings: [],
  };
}

export async function runByAgents({ answer, turns, tools }: OtherConversation): Promise<void> {
  const runTool = bareTools(tools);
  let turn = 0;
  const model: Model = {
    async getResponse() {
      turn += 1;
      const usage = new Usage({ inputTokens: USAGE.input, outputTokens: USAGE.output });
      return { usage, output: agentsOutput(answer(turn)) };
    },
    getStreamedResponse() {
      throw new Error('Nobody asks for a stream.');
    },
  };
  const agent = new Agent({
    ...{ name: 'counter', instructions: SYSTEM, model },
    tools: tools.map((own) => {
      const { name, description, inputSchema } = toolDefinition(own);
      const execute = async (asked: unknown) => (await runTool(name, asked)).content;
      // Its strict mode knows no optional fields; the arguments are checked where the tool is run.
      const parameters = { ...inputSchema, additionalProperties: true } as unknown as NonStrictSchema;
      return agentsTool({ name, description, parameters, strict: false, execute });
    }),
  });
  // Traces would be sent to a server.
  const runner = new Runner({ tracingDisabled: true });
  const { finalOutput } = await runner.run(agent, TASK, { maxTurns: turns + 1 });
  requireWhole('@openai/agents', turn, finalOutput, { answer, turns });
}

type NonStrictSchema = {
  type: 'object';
  properties: Record<string, never>;
  required: string[];
  additionalProperties: true;
};

function agentsOutput({ text, calls }: InstantAnswer): AgentOutputItem[] {
  return [
    { type: 'message', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text }] },
    ...calls.map(({ id, name, input }) => {
      const given = { callId: id, name, arguments: JSON.stringify(input), status: 'completed' as const };
      return { type: 'function_call' as const, ...given };
    }),
  ];
}

/** A run that ended early would look fast. */
function requireWhole(
  name: string,
  answers: number,
  said: string | undefined,
  { answer, turns }: Pick<OtherConversation, 'answer' | 'turns'>,
): void {
  if (answers === turns + 1 && said === answer(turns + 1).text) return;
  throw new Error(`${name} ended after ${answers} answers, with: ${said}`);
}
