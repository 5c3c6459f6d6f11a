/** Animus: Run Demo. The main job on the folder at hand; without a key a script answers, and it is said so. */
import { setTimeout as sleep } from 'node:timers/promises';
import * as vscode from 'vscode';
import { DEMO_FACULTY, DEMO_MODEL, DEMO_TASK } from '../../protocol/demo-task.ts';
import { uuidv7 } from '../../rendezvous/ids.ts';
import { keyOffers } from '../host/api-key.ts';
import type { Command, Parts } from './command.ts';
import { submit } from './submit.ts';

/** How long the focus of work that was just submitted is waited for. */
const BEGINS_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 100;

export const runDemo: Command = async (parts) => {
  const model = await demoModel(parts);
  const id = uuidv7();
  await submit(parts, { id, faculty: DEMO_FACULTY, description: DEMO_TASK, model, source: 'vscode' });
  if (model === DEMO_MODEL) {
    sayThatItIsAScript();
  }
  await parts.ledger.show(id);
  if (await hasBegun(parts, id)) await vscode.commands.executeCommand('animus.openFocus', { workId: id });
  return id;
};

function sayThatItIsAScript(): void {
  const text = 'A script, not a model, answers in this demo; queue, tools and ledger are real.';
  void vscode.window.showInformationMessage(text, 'Choose Model').then(async (choice) => {
    if (choice) await vscode.commands.executeCommand('animus.chooseModel');
  });
}

async function demoModel({ settings, connection, place, secrets }: Parts): Promise<string | null> {
  const chosen = settings().model;
  if (chosen) return chosen;
  await connection.start();
  const { config, providers } = place();
  if (config.model) return null;
  const offers = await keyOffers(secrets, process.env, providers);
  // Without a choice it is Anthropic's model that answers.
  return offers.some(({ name }) => name === 'anthropic') ? null : DEMO_MODEL;
}

async function hasBegun({ connection }: Parts, id: string): Promise<boolean> {
  const deadline = Date.now() + BEGINS_WITHIN_MS;
  while (Date.now() < deadline) {
    const { foci } = await connection.request('work/show', { id });
    if (foci.length > 0) return true;
    await sleep(LOOK_EVERY_MS);
  }
  return false;
}
