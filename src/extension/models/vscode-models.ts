/** The models that VS Code has, as VS Code itself gives and asks them. */
import * as vscode from 'vscode';
import type { ModelPart, ModelQuestion } from '../../protocol/window-models.ts';
import { type ChatModel, type MadeOf, partsOf } from './answer.ts';

/** VS Code shows it to the person whom it asks whether Animus may use the model. */
const JUSTIFICATION = 'Animus runs the agents that you submit work to with it, also while you do something else.';

/** All of them, in VS Code's order. Activates the extensions that bring them. */
export async function listChatModels(): Promise<ChatModel[]> {
  return (await vscode.lm.selectChatModels()).map(chatModel);
}

export async function findChatModel(vendor: string, id: string): Promise<ChatModel | undefined> {
  const [model] = await vscode.lm.selectChatModels({ vendor, id });
  return model && chatModel(model);
}

function chatModel(model: vscode.LanguageModelChat): ChatModel {
  const { vendor, id, family, name, version, maxInputTokens } = model;
  return {
    ...{ vendor, id, family, name, version, maxInputTokens },
    async ask(question, signal) {
      const source = new vscode.CancellationTokenSource();
      signal.addEventListener('abort', () => source.cancel(), { once: true });
      const response = await model.sendRequest(messagesOf(question), optionsOf(question), source.token);
      return response.stream;
    },
  };
}

function optionsOf({ tools, must_call }: ModelQuestion): vscode.LanguageModelChatRequestOptions {
  if (tools.length === 0) return { justification: JUSTIFICATION };
  const { Auto, Required } = vscode.LanguageModelChatToolMode;
  return {
    justification: JUSTIFICATION,
    tools: tools.map(({ name, description, input_schema }) => ({ name, description, inputSchema: input_schema })),
    toolMode: must_call ? Required : Auto,
  };
}

type Part = ConstructorParameters<typeof vscode.LanguageModelChatMessage>[1] extends string | (infer Inner)[]
  ? Inner
  : never;

const MADE_OF: MadeOf<Part> = {
  text: (text) => new vscode.LanguageModelTextPart(text),
  image: (data, mediaType) => vscode.LanguageModelDataPart.image(data, mediaType),
  call: (id, name, input) => new vscode.LanguageModelToolCallPart(id, name, input),
  result: (id, text) => new vscode.LanguageModelToolResultPart(id, [new vscode.LanguageModelTextPart(text)]),
};

function messagesOf({ messages }: ModelQuestion): vscode.LanguageModelChatMessage[] {
  const { User, Assistant } = vscode.LanguageModelChatMessageRole;
  return messages.map(({ role, content }) => {
    return new vscode.LanguageModelChatMessage(role === 'user' ? User : Assistant, partsOf(content, MADE_OF));
  });
}

export function partOf(piece: unknown): ModelPart | undefined {
  if (piece instanceof vscode.LanguageModelTextPart) return { type: 'text', text: piece.value };
  if (!(piece instanceof vscode.LanguageModelToolCallPart)) return undefined;
  const { callId: id, name, input } = piece;
  return { type: 'tool_call', id, name, input: JSON.parse(JSON.stringify(input ?? {})) };
}
