/** The tools that extensions registered, as VS Code itself gives and calls them. */
import * as vscode from 'vscode';
import type { JsonObject } from '../../protocol/json.ts';
import type { ResultPart } from './result-text.ts';
import type { RegisteredTool } from './tool-offers.ts';

export function listTools(): readonly RegisteredTool[] {
  return vscode.lm.tools;
}

/** Where a tool wants to be confirmed VS Code asks in a dialog of its own, since there is no chat that it belongs to. */
export async function invokeTool(name: string, input: JsonObject, signal: AbortSignal): Promise<ResultPart[]> {
  const source = new vscode.CancellationTokenSource();
  const cancel = () => source.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    const result = await vscode.lm.invokeTool(name, { input, toolInvocationToken: undefined }, source.token);
    return result.content.map(partOf);
  } finally {
    signal.removeEventListener('abort', cancel);
    source.dispose();
  }
}

function partOf(part: unknown): ResultPart {
  if (part instanceof vscode.LanguageModelTextPart) return { kind: 'text', text: part.value };
  if (part instanceof vscode.LanguageModelPromptTsxPart) return { kind: 'prompt', value: part.value };
  if (part instanceof vscode.LanguageModelDataPart) {
    return { kind: 'data', mediaType: part.mimeType, data: part.data };
  }
  return { kind: 'unknown' };
}

/** It comes from the window's other process, where it is VS Code's own class no more. */
export function isCancellation(error: unknown): boolean {
  return error instanceof vscode.CancellationError || (error instanceof Error && error.name === 'Canceled');
}
