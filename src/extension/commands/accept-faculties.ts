/** Animus: Accept Workspace Faculties…: a person reads what these would run and what is new of them, and lets them be used. */
import * as vscode from 'vscode';
import { reviewText } from '../../client/faculty-review.ts';
import type { FacultyFolderView } from '../../protocol/faculties.ts';
import { dialogLine, facultyDetail } from '../faculty-detail.ts';
import { messageText, plainText } from '../plain-text.ts';
import type { Command, Parts } from './command.ts';

/** What a person reads first: `animus-faculties:/…?<hash of the content that it is about>`. */
export const REVIEW_SCHEME = 'animus-faculties';

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
  const question = `Let the faculties of this folder be used: ${dialogLine(review.names.join(', '))}?`;
  const options = { modal: true, detail: facultyDetail(review) };
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
