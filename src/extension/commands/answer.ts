/** Animus: Answer: what work asks, answered by a choice or in words. */
import * as vscode from 'vscode';
import type { QuestionView } from '../../protocol/work.ts';
import { choiceText, messageText, plainLine } from '../plain-text.ts';
import type { Command, Parts } from './command.ts';
import { namedWork, pickWork } from './pick-work.ts';

type Given = { choice: number } | { text: string };
type Choice = vscode.QuickPickItem & { given?: Given };

/** Of a title; the whole question stands in the row's tooltip and in the focus. */
const TITLE_WIDTH = 200;
const PROMPT_WIDTH = 1000;

export const answer: Command = async (parts, argument) => {
  const id = await askingWork(parts, argument);
  if (!id) return undefined;
  const { item } = await parts.connection.request('work/show', { id });
  if (!item.question) {
    void vscode.window.showInformationMessage('Animus: this work asks nothing any more.');
    parts.model.refresh(item.id);
    return undefined;
  }
  const given = await askPerson(item.question);
  if (!given) return undefined;
  const asked = { id: item.question.id, answer: given, pid: process.pid };
  const { question } = await parts.connection.request('question/answer', asked);
  parts.model.refresh(item.id);
  return question.id;
};

/** The item that a row or a command names, the one whose focus is in front, or one that is picked. */
async function askingWork(parts: Parts, argument: unknown): Promise<string | undefined> {
  const named = namedWork(argument);
  if (named) return named;
  const inFront = parts.panels.activeItem();
  if (inFront?.question) return inFront.id;
  const picked = await pickWork(parts, 'Animus: Answer', ({ item }) => item.question !== undefined);
  if (picked === undefined && !parts.model.all().some(({ item }) => item.question)) {
    void vscode.window.showInformationMessage('Animus: nothing waits for an answer here.');
  }
  return picked;
}

async function askPerson(question: QuestionView): Promise<Given | undefined> {
  if (question.choices.length === 0) return inWords(question);
  const own = question.kind === 'budget' ? 'Set another limit…' : 'Answer in your own words…';
  const choices: Choice[] = [
    ...question.choices.map((choice, at) => ({
      label: choiceText(plainLine(choice, TITLE_WIDTH)),
      given: { choice: at + 1 },
    })),
    { label: '', kind: vscode.QuickPickItemKind.Separator },
    { label: own, iconPath: new vscode.ThemeIcon('edit') },
  ];
  const picked = await vscode.window.showQuickPick(choices, {
    title: plainLine(question.text, TITLE_WIDTH),
    placeHolder: 'Your answer',
    ignoreFocusOut: true,
  });
  return picked && (picked.given ?? inWords(question));
}

async function inWords({ kind, text }: QuestionView): Promise<Given | undefined> {
  const said = await vscode.window.showInputBox({
    title: 'Animus: Answer',
    prompt: messageText(plainLine(text, PROMPT_WIDTH)),
    placeHolder: kind === 'budget' ? 'The new limit, such as 5 or $5' : 'Your answer',
    ignoreFocusOut: true,
  });
  const words = said?.trim();
  return words ? { text: words } : undefined;
}
