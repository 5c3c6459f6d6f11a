/** A work item as a choice in a quick pick. */
import * as vscode from 'vscode';
import { choiceText } from '../plain-text.ts';
import type { KnownWork, WorkModel } from '../work/work-model.ts';
import { describeWork } from '../work/work-rows.ts';

export type WorkChoice = vscode.QuickPickItem & { id: string };

export function workChoice(known: KnownWork, model: WorkModel): WorkChoice {
  const { label, description, look } = describeWork(known, model, Date.now());
  const iconPath = new vscode.ThemeIcon(look.icon, new vscode.ThemeColor(look.color));
  return { label: choiceText(label), description: choiceText(description), iconPath, id: known.item.id };
}
