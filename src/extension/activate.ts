/**
 * The extension's entry. It registers what VS Code calls by name and does no more: the code behind the names is a file of
 * its own, which is loaded when the first of them is called.
 */
import * as vscode from 'vscode';
import type { Main } from './main.ts';
import { COMMAND_NAMES, FOCUS_VIEW, LEDGER_VIEW } from './names.ts';
import { createWorkTreeView } from './views/work-tree-view.ts';

/** What tests get to see. Nobody else gets anything. */
export type TestApi = { load(): Promise<Main>; isLoaded(): boolean };

let loading: Promise<Main> | undefined;

export function activate(context: vscode.ExtensionContext): TestApi | undefined {
  const load = () => {
    loading ??= import('./main.ts').then(({ start }) => start(context, work));
    return loading;
  };
  const work = createWorkTreeView(async () => (await load()).tree);
  context.subscriptions.push(
    work.view,
    work.changed,
    vscode.window.registerWebviewViewProvider(LEDGER_VIEW, {
      resolveWebviewView: async (view) => (await load()).ledger.resolveWebviewView(view),
    }),
    vscode.window.registerWebviewPanelSerializer(FOCUS_VIEW, {
      deserializeWebviewPanel: async (panel, state) => (await load()).panels.deserializeWebviewPanel(panel, state),
    }),
    ...COMMAND_NAMES.map((name) =>
      vscode.commands.registerCommand(`animus.${name}`, async (argument: unknown) =>
        (await load()).run(name, argument),
      ),
    ),
  );
  if (context.extensionMode !== vscode.ExtensionMode.Test) return undefined;
  return { load, isLoaded: () => loading !== undefined };
}

export async function deactivate(): Promise<void> {
  // The host stays: it serves on without a window.
  await (await loading)?.connection.dispose();
}
