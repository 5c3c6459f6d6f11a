/**
 * Everything that activate.ts leaves for later, built once. The host starts when a view is shown or a command needs it, and
 * in an untrusted folder not even then.
 */
import path from 'node:path';
import * as vscode from 'vscode';
import { attachIfRunning, findOrStartHost } from '../client/find-or-start-host.ts';
import { AnimusError } from '../protocol/errors.ts';
import { tryLock } from '../rendezvous/file-lock.ts';
import { REVIEW_SCHEME, reviewContent } from './commands/accept-faculties.ts';
import { reviewApproval } from './commands/approve.ts';
import type { Parts } from './commands/command.ts';
import { COMMANDS } from './commands/commands.ts';
import { CONTEXT_SCHEME, contextContent } from './commands/show-context.ts';
import { isKeyName, keyOffers } from './host/api-key.ts';
import { HostConnection } from './host/connection.ts';
import { greet, lookAgain } from './host/greet.ts';
import { HostFigures } from './host/host-figures.ts';
import { openPlace, type Place } from './host/place.ts';
import { UnsavedNotes } from './host/unsaved-notes.ts';
import { personKeyName, WindowPerson } from './host/window-person.ts';
import { AllowedVendors } from './models/allowed-vendors.ts';
import { answerWith } from './models/answer.ts';
import { ModelOffers } from './models/model-offers.ts';
import { findChatModel, listChatModels, partOf } from './models/vscode-models.ts';
import type { CommandName } from './names.ts';
import { report } from './report.ts';
import type { Services } from './services.ts';
import { readSettings } from './settings.ts';
import { installTerminalCommand } from './terminal-command.ts';
import { callWith } from './tools/call.ts';
import { ownToolsOf } from './tools/own-tools.ts';
import { ToolOffers } from './tools/tool-offers.ts';
import { invokeTool, isCancellation, listTools } from './tools/vscode-tools.ts';
import { promptForAcceptance } from './views/acceptance-prompt.ts';
import { ApprovalPrompt } from './views/approval-prompt.ts';
import { BEFORE_SCHEME, beforeContent } from './views/file-change.ts';
import { FocusPanels } from './views/focus-panels.ts';
import { LedgerView } from './views/ledger-view.ts';
import { createQuestionNotices } from './views/question-notices.ts';
import { createStandingNotice } from './views/standing-notice.ts';
import { createStatusBar } from './views/status-bar.ts';
import { WorkTree } from './views/work-tree.ts';
import type { WorkTreeView } from './views/work-tree-view.ts';
import { WorkModel } from './work/work-model.ts';

/** What is behind the names that activate.ts registers. `logged` stays empty outside of tests. */
export type Main = Parts & { run(name: CommandName, argument: unknown): Promise<unknown>; logged: readonly string[] };

/** Called once. What it makes goes with the extension. */
export function start(context: vscode.ExtensionContext, work: WorkTreeView): Main {
  const logged: string[] = [];
  const isTest = context.extensionMode === vscode.ExtensionMode.Test;
  const services = createServices(context, (line) => {
    if (isTest) logged.push(line);
  });
  const tree = new WorkTree(services.model, services.connection, work);
  const ledger = new LedgerView(services);
  const panels = new FocusPanels(services);
  const parts: Parts = { ...services, tree, ledger, panels };
  const figures = new HostFigures(services.connection, services.onError);
  const unsaved = new UnsavedNotes({
    connection: services.connection,
    list: unsavedFiles,
    pid: process.pid,
    log: (level, message) => services.log(level, message),
  });
  context.subscriptions.push(
    services.channel,
    services.model,
    services.modelOffers,
    services.toolOffers,
    tree,
    panels,
    figures,
    new ApprovalPrompt(parts, (approval) => reviewApproval(parts, approval)),
    promptForAcceptance(services),
    createStatusBar(services.connection, services.model, figures),
    createQuestionNotices(services.model, services.onError),
    vscode.workspace.registerTextDocumentContentProvider(BEFORE_SCHEME, beforeContent(parts)),
    vscode.workspace.registerTextDocumentContentProvider(REVIEW_SCHEME, reviewContent(parts)),
    vscode.workspace.registerTextDocumentContentProvider(CONTEXT_SCHEME, contextContent(parts)),
    context.secrets.onDidChange(({ key }) => {
      if (isKeyName(key)) void offerKeys(services).catch(services.onError);
      if (key.startsWith(personKeyName(''))) void introduceAgain(services).catch(services.onError);
    }),
    unsaved,
    vscode.workspace.onDidChangeTextDocument(() => unsaved.changed()),
    vscode.workspace.onDidSaveTextDocument(() => unsaved.changed()),
    vscode.workspace.onDidCloseTextDocument(() => unsaved.changed()),
    vscode.lm.onDidChangeChatModels(() => services.modelOffers.changed()),
    vscode.extensions.onDidChange(() => services.toolOffers.changed()),
    vscode.workspace.onDidGrantWorkspaceTrust(() => {
      services.connection.reconsider();
      offerTerminalCommand(context, services);
    }),
  );
  offerTerminalCommand(context, services);
  return { ...parts, logged, run: (name, argument) => run(name, parts, argument) };
}

function unsavedFiles(): string[] {
  return vscode.workspace.textDocuments.flatMap(({ isDirty, uri }) => {
    return isDirty && uri.scheme === 'file' ? [uri.fsPath] : [];
  });
}

function createServices(context: vscode.ExtensionContext, onLogged: (line: string) => void): Services {
  const channel = vscode.window.createOutputChannel('Animus', { log: true });
  const log: Services['log'] = (level, message) => {
    channel[level](message);
    onLogged(`${level}: ${message}`);
  };
  const onError = (error: unknown) => report(error, log);
  const settings = () => readSettings((name) => vscode.workspace.getConfiguration().get(name));
  const place = (): Place => {
    if (!vscode.workspace.isTrusted) {
      throw new AnimusError('untrusted_folder', 'This folder is in Restricted Mode, so nothing was read.', 'Trust it.');
    }
    return openPlace({
      workspaceFolder: vscode.workspace.workspaceFolders?.[0]?.uri.fsPath,
      extensionFolder: context.extensionPath,
      settings: settings(),
      env: process.env,
    });
  };
  const allowedVendors = new AllowedVendors(context.globalState);
  const isAllowed = (vendor: string) => allowedVendors.has(vendor);
  const answer = answerWith({ find: findChatModel, isAllowed, partOf, log });
  const person = new WindowPerson({
    secrets: context.secrets,
    memory: context.globalState,
    name: vscode.env.appName,
    pid: process.pid,
    tryLock: () => tryLock(path.join(place().location.store, 'person.db')),
  });
  const onStranger = createStandingNotice();
  const connection = new HostConnection({
    isTrusted: () => vscode.workspace.isTrusted,
    findOrStart: async () => findOrStartHost(place().location),
    isRunning: async () => {
      const client = await attachIfRunning(place().location);
      await client?.close();
      return client !== undefined;
    },
    greet: async (client) => {
      const { folder, providers } = place();
      const { pid, env } = process;
      await greet(client, { secrets: context.secrets, person, env, folder, providers, pid, onStranger, log });
      client.onModelAsked(answer);
      client.onToolCalled(callTool);
      await toolOffers.greet(client);
    },
    log,
  });
  connection.onHeard(({ name }) => {
    if (name !== 'person/changed' || connection.state.kind !== 'ready') return;
    void lookAgain(connection.state.client, { person, onStranger }).catch(onError);
  });
  const model = new WorkModel(connection, onError);
  const modelOffers = new ModelOffers({
    connection,
    list: listChatModels,
    allowed: allowedVendors,
    pid: process.pid,
    log,
  });
  const toolOffers = new ToolOffers({
    connection,
    list: listTools,
    isOwn: ownToolsOf(context.extension.packageJSON),
    pid: process.pid,
    log,
  });
  const isOffered = (name: string) => toolOffers.isOffered(name);
  const callTool = callWith({ isOffered, invoke: invokeTool, isCancellation, log });
  const { extensionUri, secrets } = context;
  return {
    extensionUri,
    connection,
    model,
    allowedVendors,
    modelOffers,
    toolOffers,
    channel,
    secrets,
    person,
    settings,
    place,
    log,
    onError,
  };
}

async function offerKeys({ connection, place, secrets }: Services): Promise<void> {
  if (connection.state.kind !== 'ready') return; // the next greeting brings it
  const credentials = await keyOffers(secrets, process.env, place().providers);
  if (credentials.length > 0) await connection.request('credentials/offer', { credentials });
}

/** Another window of this VS Code was let in: with the same key this one is, too. */
async function introduceAgain({ connection, person }: Services): Promise<void> {
  if (connection.state.kind === 'ready') await person.introduceAgain(connection.state.client);
}

async function run(name: CommandName, parts: Parts, argument: unknown): Promise<unknown> {
  try {
    return await COMMANDS[name](parts, argument);
  } catch (error) {
    parts.onError(error);
    return undefined;
  }
}

/** Nothing of it waits: a terminal that is opened later finds the command. */
function offerTerminalCommand(
  { globalStorageUri, extensionPath, environmentVariableCollection }: vscode.ExtensionContext,
  { log }: Services,
): void {
  if (!vscode.workspace.isTrusted) return;
  try {
    const folder = installTerminalCommand(path.join(globalStorageUri.fsPath, 'bin'), extensionPath, process.execPath);
    environmentVariableCollection.description = 'The `animus` command';
    environmentVariableCollection.prepend('PATH', folder + path.delimiter);
  } catch (error) {
    log('warn', `The animus command is not on the terminal's path: ${(error as Error).message}`);
  }
}
