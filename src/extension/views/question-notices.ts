/** The notification of a question. What an agent wrote is shown as text, never as links or commands. */
import * as vscode from 'vscode';
import type { QuestionView } from '../../protocol/work.ts';
import { messageText, plainLine } from '../plain-text.ts';
import { QuestionQueue } from '../work/question-queue.ts';
import type { WorkModel } from '../work/work-model.ts';

const SHOWN = 300;
const ANSWER = 'Answer…';

export function createQuestionNotices(model: WorkModel, onError: (error: unknown) => void): vscode.Disposable {
  return new QuestionQueue(model, tell, onError);
}

async function tell({ kind, text, work_item_id: workId }: QuestionView, more: number): Promise<void> {
  const lead = kind === 'ask' ? 'an agent asks' : kind === 'budget' ? 'a budget is reached' : 'an agent is stuck';
  const rest = more > 0 ? ` (and ${more} more)` : '';
  const message = `Animus: ${lead}${rest}: ${messageText(plainLine(text, SHOWN))}`;
  const picked = await vscode.window.showInformationMessage(message, ANSWER);
  if (picked === ANSWER) await vscode.commands.executeCommand('animus.answer', { workId });
}
