/** Animus: Choose Model. What is there to choose from, and for the rest what is missing and the way to mend it. */
import * as vscode from 'vscode';
import { joinSentences } from '../host/host-state.ts';
import { type ModelChoice, modelChoices, vendorOf } from '../models/model-choices.ts';
import { choiceText, messageText } from '../plain-text.ts';
import type { Command, Parts } from './command.ts';

type Item = vscode.QuickPickItem & { choice: ModelChoice };

export const chooseModel: Command = async (parts) => {
  const picked = await vscode.window.showQuickPick(items(parts), {
    title: 'Animus: Choose Model',
    placeHolder: 'Which model is to do the work that you submit in this workspace?',
    matchOnDescription: true,
  });
  switch (picked?.choice.kind) {
    case 'automatic':
      return write(null);
    case 'model':
      return choose(parts, picked.choice);
    case 'missing':
      return mend(picked.choice);
    case 'group':
    case undefined:
      return undefined;
  }
};

/** Providers are asked meanwhile, and servers looked for: the pick shows that it is busy. */
async function items({ connection, settings }: Parts): Promise<Item[]> {
  const listed = await connection.request('model/list', {});
  return modelChoices(listed, settings().model).map((choice): Item => {
    if (choice.kind === 'group') return { choice, label: choice.label, kind: vscode.QuickPickItemKind.Separator };
    const { description } = choice;
    const icon = choice.kind === 'missing' ? choice.icon : choice.isCurrent ? 'check' : 'blank';
    return {
      choice,
      label: choiceText(choice.label),
      description: choiceText(description),
      iconPath: new vscode.ThemeIcon(icon),
    };
  });
}

async function choose(parts: Parts, { name }: Extract<ModelChoice, { kind: 'model' }>): Promise<string | undefined> {
  const vendor = vendorOf(name);
  if (vendor !== undefined && !(await mayUse(parts, vendor, name))) return undefined;
  return write(name);
}

/** Asked once for each vendor. VS Code asks too, where the vendor wants it, while the model is tried. */
async function mayUse(parts: Parts, vendor: string, name: string): Promise<boolean> {
  const { allowedVendors, modelOffers, connection } = parts;
  if (allowedVendors.has(vendor)) return true;
  const allow = { title: 'Allow' };
  const detail =
    'Agents ask them in the background, also while you do something else. What they ask counts against your account there and its limits.';
  const question = `Let Animus use the models of “${vendor}”?`;
  if ((await vscode.window.showInformationMessage(question, { modal: true, detail }, allow)) !== allow) return false;
  await allowedVendors.allow(vendor);
  await modelOffers.offer();
  const options = { location: vscode.ProgressLocation.Notification, title: `Animus: trying ${messageText(name)} …` };
  const { error } = await vscode.window.withProgress(options, () => connection.request('model/test', { model: name }));
  if (error === null) return true;
  // What does not answer now may do so later; what was refused is not asked again.
  if (error.waits) {
    await allowedVendors.forbid(vendor);
    await modelOffers.offer();
  }
  void vscode.window.showWarningMessage(`Animus: ${messageText(joinSentences(error.message, error.next))}`);
  return !error.waits;
}

/** Into the workspace's settings, or where no folder is open into the user's. Gives what was written. */
async function write(model: string | null): Promise<string> {
  const hasWorkspace = (vscode.workspace.workspaceFolders?.length ?? 0) > 0;
  const target = hasWorkspace ? vscode.ConfigurationTarget.Workspace : vscode.ConfigurationTarget.Global;
  await vscode.workspace.getConfiguration().update('animus.model', model ?? undefined, target);
  const who = model === null ? 'The faculty’s model' : messageText(model);
  void vscode.window.showInformationMessage(`Animus: ${who} does the work that is submitted here from now on.`);
  return model ?? '';
}

async function mend({ label, provider, missing }: Extract<ModelChoice, { kind: 'missing' }>): Promise<undefined> {
  if (missing.kind === 'key') {
    await vscode.commands.executeCommand('animus.setApiKey', { provider });
    return;
  }
  const again = { title: 'Choose Again', run: () => vscode.commands.executeCommand('animus.chooseModel') };
  const { command } = missing;
  const open = { title: 'Open a Terminal', run: async () => typeInTerminal(label, command ?? '') };
  const ways = command === null ? [again] : [open, again];
  const text = `${label}: ${joinSentences(missing.message, missing.next)}`;
  const way = await vscode.window.showInformationMessage(`Animus: ${messageText(text)}`, ...ways);
  await way?.run();
}

/** The command stands there, and a person says whether it runs. */
function typeInTerminal(name: string, command: string): void {
  const terminal = vscode.window.createTerminal({ name });
  terminal.show();
  terminal.sendText(command, false);
}
