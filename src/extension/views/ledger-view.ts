/** The Ledger: a webview view in the Animus container. */
import * as vscode from 'vscode';
import { type FromLedgerView, fromLedgerView, type ToLedgerView, toLedgerView } from '../../protocol/webview.ts';
import { LEDGER_VIEW } from '../names.ts';
import type { Services } from '../services.ts';
import { LedgerFeed } from './ledger-feed.ts';
import { answerViewRequest } from './view-requests.ts';
import { WebviewLink } from './webview-link.ts';
import { webviewFolder, webviewPage } from './webview-page.ts';

type Link = WebviewLink<FromLedgerView, ToLedgerView>;

export class LedgerView implements vscode.WebviewViewProvider {
  #services: Services;
  #link: Link | undefined;
  /** What the view was asked to show, one item or all, until its page is there to hear it. */
  #asked: { workItemId: string | null } | undefined;
  #pageIsThere = false;

  constructor(services: Services) {
    this.#services = services;
  }

  /** What the tests speak through; undefined while the view is not resolved. */
  get link(): Link | undefined {
    return this.#link;
  }

  resolveWebviewView(view: vscode.WebviewView): void {
    const { extensionUri, connection, model, onError, log } = this.#services;
    view.webview.options = { enableScripts: true, localResourceRoots: [webviewFolder(extensionUri)] };
    const link: Link = new WebviewLink(view.webview, {
      name: 'ledger',
      incoming: fromLedgerView,
      outgoing: toLedgerView,
      onMessage: (message) => this.#onMessage(message, feed),
      onError,
      log,
    });
    const feed = new LedgerFeed({ connection, model, onError }, (message) => link.send(message));
    this.#link = link;
    this.#pageIsThere = false;
    let hold = connection.hold();
    const disposables = [
      view.webview.onDidReceiveMessage((message) => void link.receive(message)),
      view.onDidChangeVisibility(() => {
        hold.dispose();
        if (view.visible) hold = connection.hold();
        else this.#pageIsThere = false;
        feed.show(view.visible);
      }),
      view.onDidDispose(() => {
        hold.dispose();
        feed.dispose();
        for (const disposable of disposables) disposable.dispose();
        if (this.#link === link) this.#link = undefined;
      }),
    ];
    view.webview.html = webviewPage(view.webview, extensionUri, { name: 'ledger', title: 'Ledger' });
  }

  /** Shows the view, with one item's entries where one is named. */
  async show(workItemId: string | null): Promise<void> {
    this.#asked = { workItemId };
    await vscode.commands.executeCommand(`${LEDGER_VIEW}.focus`);
    await this.#sendAsked();
  }

  async #onMessage(message: FromLedgerView, feed: LedgerFeed): Promise<void> {
    if (message.type === 'ready') {
      await feed.answer(message);
      this.#pageIsThere = true;
      await this.#sendAsked();
    } else if (message.type === 'load_older' || message.type === 'search') await feed.answer(message);
    else await answerViewRequest(message);
  }

  /** Once: what a person then chooses in the page stays as it is. */
  async #sendAsked(): Promise<void> {
    const { workItemId } = this.#asked ?? {};
    if (workItemId === undefined || !this.#pageIsThere) return;
    this.#asked = undefined;
    await this.#link?.send({ type: 'scope', work_item_id: workItemId });
  }
}
