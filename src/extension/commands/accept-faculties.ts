/** Animus: Accept Workspace Faculties…: a person reads what these would run and what is new of them, and lets them be used. */
import * as vscode from 'vscode';
import { reviewText, WARNING } from '../../client/faculty-review.ts';
import type { FacultyFolderView, FacultyReview } from '../../protocol/faculties.ts';
import { messageText, plainText } from '../plain-text.ts';
import type { Command, Parts } from './command.ts';

/** What a person reads first: `animus-faculties:/…?<hash of the content that it is about>`. */
export const REVIEW_SCHEME = 'animus-faculties';

/** Lines of what they run that a dialog has room for; the document beside it has all of them. */
const MOST_LINES = 12;

export const acceptFaculties: Command = async ({ connection }) => {
  const { review } = await connection.request('faculty/review', {});
  if (!review || (review.state !== 'new' && review.state !== 'changed')) {
    void vscode.window.showInformationMessage('Animus: no faculty of this folder waits to be accepted.');
    return undefined;
  }
  const { hash } = review;
  const document = vscode.Uri.from({ scheme: REVIEW_SCHEME, path: '/Faculties of this folder', query: hash ?? '' });
  await vscode.window.showTextDocument(document, { preview: true, preserveFocus: true });
  if (hash === null || review.faculties.length === 0) {
    const reason = review.problem ?? review.problems.map(({ message }) => message).join(' ');
    void vscode.window.showWarningMessage(messageText(`Animus: they cannot be accepted: ${reason}`));
    return undefined;
  }
  const question = `Let the faculties of this folder be used: ${review.names.join(', ')}?`;
  const options = { modal: true, detail: plainText(detailOf(review)) };
  const choice = await vscode.window.showWarningMessage(question, options, 'Accept');
  if (choice === undefined) return undefined;
  await connection.request('faculty/accept', { hash, pid: process.pid });
  return review.names;
};

export function waitsForAcceptance(workspace: FacultyFolderView | null): workspace is FacultyFolderView {
  return workspace !== null && workspace.hash !== null && (workspace.state === 'new' || workspace.state === 'changed');
}

/** Gives the text of a document of REVIEW_SCHEME, as long as it is about what lies there. */
export function reviewContent({ connection }: Parts): vscode.TextDocumentContentProvider {
  return {
    provideTextDocumentContent: async ({ query }) => {
      const { review } = await connection.request('faculty/review', {});
      if (!review || (review.hash ?? '') !== query) return 'The faculties have changed since. Look again.';
      return reviewText(review, plainText);
    },
  };
}

/** What could happen without a person's being asked: what they run, what they allow, whose place they take. */
function detailOf({ faculties }: FacultyReview): string {
  const lines = faculties.flatMap(({ name, starts, allow, shadows }) => [
    ...shadows.map((one) => `${name} takes the name ${one.name} from the ${one.origin} faculty ${one.faculty}`),
    ...starts.map(({ what, runs }) => `${name} runs (${what}): ${runs.replaceAll('\n', '\n    ')}`),
    ...allow.map((pattern) => `${name} allows without asking you: ${pattern}`),
  ]);
  const rest = lines.length - MOST_LINES;
  const shown = [...lines.slice(0, MOST_LINES), ...(rest > 0 ? [`and ${rest} more: Cancel, and read on beside`] : [])];
  return [...shown, '', WARNING].join('\n');
}
