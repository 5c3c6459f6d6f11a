/** Focus editors: one panel for each focus, restored with the window. */
import * as vscode from 'vscode';
import {
  type FromFocusView,
  focusPageState,
  fromFocusView,
  type ToFocusView,
  toFocusView,
} from '../../protocol/webview.ts';
import { TERMINAL_STATES, type WorkView } from '../../protocol/work.ts';
import { FOCUS_VIEW } from '../names.ts';
import { TAB_WIDTH, titleOf } from '../plain-text.ts';
import type { Services } from '../services.ts';
import { answerCallRequest } from './call-requests.ts';
import { FocusFeed } from './focus-feed.ts';
import { answerViewRequest } from './view-requests.ts';
import { WebviewLink } from './webview-link.ts';
import { webviewFolder, webviewPage } from './webview-page.ts';

type Link = WebviewLink<FromFocusView, ToFocusView>;
type Open = { panel: vscode.WebviewPanel; link: Link; item: WorkView | undefined };

export class FocusPanels implements vscode.WebviewPanelSerializer {
  #services: Services;
  #open = new Map<string, Open>();

  constructor(services: Services) {
    this.#services = services;
  }

  /** What the tests speak through. */
  linkOf(focusId: string): Link | undefined {
    return this.#open.get(focusId)?.link;
  }

  /** The item whose focus is the active editor. */
  activeItem(): WorkView | undefined {
    return this.#active()?.item;
  }

  /** Moves the keyboard within the page that is the active editor. */
  async movePane(step: 1 | -1): Promise<void> {
    await this.#active()?.link.send({ type: 'pane', step });
  }

  show(focusId: string, title: string): void {
    const present = this.#open.get(focusId);
    if (present) {
      present.panel.reveal();
      return;
    }
    const panel = vscode.window.createWebviewPanel(FOCUS_VIEW, titleOf(title, TAB_WIDTH), vscode.ViewColumn.Active);
    this.#fill(panel, focusId);
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    const parsed = focusPageState.safeParse(state);
    if (parsed.success && !this.#open.has(parsed.data.focus_id)) this.#fill(panel, parsed.data.focus_id);
    else panel.dispose();
  }

  dispose(): void {
    for (const { panel } of this.#open.values()) panel.dispose();
  }

  /** The focus that is the active editor. */
  activeFocus(): string | undefined {
    return [...this.#open].find(([, { panel }]) => panel.active)?.[0];
  }

  #active(): Open | undefined {
    return [...this.#open.values()].find(({ panel }) => panel.active);
  }

  /** For the actions in the editor's title. */
  #tellOfActive(): void {
    const item = this.activeItem();
    const state = !item || TERMINAL_STATES.includes(item.state) ? '' : item.paused ? 'paused' : 'open';
    void vscode.commands.executeCommand('setContext', 'animus.focusWork', state);
  }

  async #answer(message: FromFocusView, feed: FocusFeed, link: Link): Promise<void> {
    switch (message.type) {
      case 'ready':
        await feed.ready();
        return;
      case 'open_file':
      case 'open_link':
      case 'command':
        await answerViewRequest(message);
        return;
      default:
        await answerCallRequest(this.#services, { focusId: feed.focusId, send: (out) => link.send(out) }, message);
    }
  }

  #fill(panel: vscode.WebviewPanel, focusId: string): void {
    const { extensionUri, connection, onError, log } = this.#services;
    panel.webview.options = { enableScripts: true, localResourceRoots: [webviewFolder(extensionUri)] };
    const icon = (name: string) => vscode.Uri.joinPath(extensionUri, 'media', name);
    panel.iconPath = { light: icon('focus-light.svg'), dark: icon('focus-dark.svg') };
    const link: Link = new WebviewLink(panel.webview, {
      name: 'focus',
      incoming: fromFocusView,
      outgoing: toFocusView,
      onMessage: async (message) => {
        await this.#answer(message, feed, link);
      },
      onError,
      log,
    });
    const open: Open = { panel, link, item: undefined };
    const onItem = (item: WorkView) => {
      open.item = item;
      panel.title = titleOf(item.description, TAB_WIDTH);
      this.#tellOfActive();
    };
    const feed = new FocusFeed(focusId, { connection, onError, onItem }, (message) => link.send(message));
    this.#open.set(focusId, open);
    let hold = connection.hold();
    let wasVisible = panel.visible;
    const disposables = [
      panel.webview.onDidReceiveMessage((message) => void link.receive(message)),
      panel.onDidChangeViewState(() => {
        this.#tellOfActive();
        if (panel.visible === wasVisible) return;
        wasVisible = panel.visible;
        hold.dispose();
        if (panel.visible) hold = connection.hold();
        feed.show(panel.visible);
      }),
      panel.onDidDispose(() => {
        hold.dispose();
        feed.dispose();
        for (const disposable of disposables) disposable.dispose();
        this.#open.delete(focusId);
        this.#tellOfActive();
      }),
    ];
    panel.webview.html = webviewPage(panel.webview, extensionUri, { name: 'focus', title: 'Focus', focusId });
  }
}
