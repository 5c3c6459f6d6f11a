/** Animus: Set API Key. Kept in VS Code's secret storage; the host gets it over its connection and holds it in memory only. */
import * as vscode from 'vscode';
import * as z from 'zod';
import { type KeyPlace, keyComplaint, keyPlaces, type Secrets, secretName } from '../host/api-key.ts';
import type { Command, Parts } from './command.ts';

/** From another command or a row of the tree: whose key it is about. */
const given = z.looseObject({ provider: z.string().optional() });

export const setApiKey: Command = async (parts, argument) => {
  const { provider } = given.safeParse(argument).data ?? {};
  const places = keyPlaces(parts.place().providers);
  const place =
    places.find(({ providers }) => provider !== undefined && providers.includes(provider)) ??
    (await pick(parts, places));
  if (place) await askForKey(parts.secrets, place);
};

type Item = vscode.QuickPickItem & { place: KeyPlace };

const REMOVE: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon('trash'), tooltip: 'Remove the Stored Key' };

/** Undefined where nobody chose one. A stored key can be removed right there. */
async function pick({ secrets, onError }: Parts, places: readonly KeyPlace[]): Promise<KeyPlace | undefined> {
  const input = vscode.window.createQuickPick<Item>();
  input.title = 'Animus: Set API Key';
  input.placeholder = 'Whose key?';
  input.matchOnDescription = true;
  const show = async () => {
    input.items = await Promise.all(places.map((place) => itemOf(secrets, place)));
  };
  try {
    await show();
    return await new Promise<KeyPlace | undefined>((resolve) => {
      input.onDidAccept(() => resolve(input.selectedItems[0]?.place));
      input.onDidHide(() => resolve(undefined));
      input.onDidTriggerItemButton(({ item }) => {
        remove(secrets, item.place).then(show).catch(onError);
      });
      input.show();
    });
  } finally {
    input.dispose();
  }
}

async function itemOf(secrets: Secrets, place: KeyPlace): Promise<Item> {
  const isStored = await isKept(secrets, place);
  const isInEnvironment = Boolean(process.env[place.variable]);
  const state = isStored ? 'stored' : isInEnvironment ? `from ${place.variable}` : 'not set';
  return {
    place,
    label: nameOf(place),
    description: `${state} · for ${new URL(place.origin).host}`,
    iconPath: new vscode.ThemeIcon(isStored || isInEnvironment ? 'pass' : 'circle-large-outline'),
    ...(isStored ? { buttons: [REMOVE] } : {}),
  };
}

async function askForKey(secrets: Secrets, place: KeyPlace): Promise<void> {
  const isStored = await isKept(secrets, place);
  const { host } = new URL(place.origin);
  const value = await vscode.window.showInputBox({
    title: `Animus: Set API Key (${nameOf(place)})`,
    prompt: isStored
      ? `The key for ${nameOf(place)} at ${host}. It replaces the stored one; leave it empty to remove that.`
      : `The key for ${nameOf(place)}. It is kept in VS Code's secret storage, and sent to ${host} alone.`,
    placeHolder: 'sk-…',
    password: true,
    ignoreFocusOut: true,
    validateInput: keyComplaint,
  });
  if (value === undefined) return;
  if (value.trim() === '') {
    if (isStored) await remove(secrets, place);
    return;
  }
  // Whoever stores it is heard by main.ts, which offers it to the host.
  await secrets.store(secretName(place.credential, place.origin), value.trim());
  void vscode.window.showInformationMessage(
    `Animus: the key for ${nameOf(place)} is stored. Work that waited for it goes on.`,
  );
}

async function remove(secrets: Secrets, place: KeyPlace): Promise<void> {
  await secrets.delete(secretName(place.credential, place.origin));
  void vscode.window.showInformationMessage(
    `Animus: the key for ${nameOf(place)} was removed. A running Animus forgets it when it restarts.`,
  );
}

async function isKept(secrets: Secrets, { credential, origin }: KeyPlace): Promise<boolean> {
  return (await secrets.get(secretName(credential, origin))) !== undefined;
}

/** Of those that share it, the one whose name is the key's own. */
function nameOf({ titles: [title = ''] }: KeyPlace): string {
  return title;
}
