/** Animus: Submit Work. A faculty, then what is to be done; a selection or a file goes along with it. */
import * as vscode from 'vscode';
import * as z from 'zod';
import type { FacultyFolderView } from '../../protocol/faculties.ts';
import type { FacultyView } from '../../protocol/host.ts';
import { uuidv7 } from '../../rendezvous/ids.ts';
import { choiceText, plainLine } from '../plain-text.ts';
import { waitsForAcceptance } from './accept-faculties.ts';
import type { Command, Parts } from './command.ts';
import { submit } from './submit.ts';

/** From another command or a row of the tree. What is not given is asked for; other work's text is shown to be changed. */
const given = z.looseObject({
  faculty: z.string().optional(),
  description: z.string().optional(),
  draftOf: z.uuid().optional(),
});

export const submitWork: Command = async (parts, argument) => {
  const { faculty: named, description: whole, draftOf } = given.safeParse(argument).data ?? {};
  const context = argument instanceof vscode.Uri ? fileContext(argument) : draftOf ? undefined : selectionContext();
  const faculty = named ?? (await pickFaculty(parts));
  if (faculty === undefined) return undefined;
  const draft = draftOf ? (await parts.connection.request('work/show', { id: draftOf })).item.description : undefined;
  const description = whole ?? (await askForWork(faculty, draft, context));
  if (description === undefined) return undefined;
  return submit(parts, { id: uuidv7(), faculty, description, model: parts.settings().model, source: 'vscode' });
};

async function pickFaculty({ connection }: Parts): Promise<string | undefined> {
  const listed = connection.request('faculty/list', {});
  const items = listed.then(({ faculties, problems, workspace }) => [
    ...faculties.map(({ name, description, origin, shadows }) => ({
      label: choiceText(name),
      description: origin === 'bundled' ? '' : [origin, ...shadows.map(shadowText)].join(', '),
      detail: choiceText(plainLine(description, 200)),
      iconPath: new vscode.ThemeIcon('hubot'),
      name,
    })),
    ...problems.map(({ file, message }) => ({
      label: vscode.Uri.file(file).path.split('/').at(-1) ?? file,
      description: 'cannot be used',
      detail: choiceText(plainLine(message, 200)),
      iconPath: new vscode.ThemeIcon('error', new vscode.ThemeColor('animus.dead')),
      name: undefined,
      file,
    })),
    ...(waitsForAcceptance(workspace) ? [acceptanceChoice(workspace)] : []),
  ]);
  const picked = await vscode.window.showQuickPick(items, {
    title: 'Animus: Submit Work',
    placeHolder: 'Who is to do it?',
    matchOnDetail: true,
  });
  if (picked && 'file' in picked) await vscode.window.showTextDocument(vscode.Uri.file(picked.file));
  if (picked && 'command' in picked) await vscode.commands.executeCommand(picked.command);
  return picked?.name;
}

const shadowText = ({ faculty, origin }: FacultyView['shadows'][number]) => `in place of the ${origin} ${faculty}`;

function acceptanceChoice({ names, state }: FacultyFolderView) {
  return {
    label: 'Accept the faculties of this folder…',
    description: state === 'new' ? 'not used yet' : 'changed since they were accepted',
    detail: choiceText(names.join(', ')),
    iconPath: new vscode.ThemeIcon('verified'),
    name: undefined,
    command: 'animus.acceptFaculties',
  };
}

/** What goes along with what is typed: a file, or the lines that are selected. */
type Context = { label: string; text: string };

async function askForWork(faculty: string, draft: string | undefined, context: Context | undefined) {
  const question = `What is ${faculty} to do?`;
  const text = await vscode.window.showInputBox({
    title: 'Animus: Submit Work',
    prompt: context ? `${question} ${context.label} goes along.` : question,
    placeHolder: 'Find out where retries are decided, and what is never retried',
    ignoreFocusOut: true,
    ...(draft === undefined ? {} : { value: draft }),
  });
  const said = text?.trim();
  if (!said) return undefined;
  return context ? `${said}\n\n${context.text}` : said;
}

function fileContext(uri: vscode.Uri): Context {
  const name = vscode.workspace.asRelativePath(uri);
  return { label: name, text: `It is about: ${name}` };
}

function selectionContext(): Context | undefined {
  const editor = vscode.window.activeTextEditor;
  if (!editor || editor.selection.isEmpty) return undefined;
  const { document, selection } = editor;
  const [first, last] = [selection.start.line + 1, selection.end.line + 1];
  const lines = first === last ? `line ${first}` : `lines ${first} to ${last}`;
  const where = `${vscode.workspace.asRelativePath(document.uri)}, ${lines}`;
  return { label: where, text: `It is about ${where}:\n\n${fenced(document.getText(selection))}` };
}

/** A fence longer than any within. */
function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}\n${text}\n${fence}`;
}
