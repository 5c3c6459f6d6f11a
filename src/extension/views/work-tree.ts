/** The rows of the Work view: a native tree over the model. */
import * as vscode from 'vscode';
import { TERMINAL_STATES } from '../../protocol/work.ts';
import type { HostConnection } from '../host/connection.ts';
import { COMMAND_ICONS, viewStateOf } from '../host/host-state.ts';
import type { WorkModel } from '../work/work-model.ts';
import {
  childrenUnder,
  describeWork,
  GROUP_LABELS,
  groupOf,
  groupRows,
  hasBegun,
  hasFailed,
  type Row,
  reasonRows,
  topOf,
} from '../work/work-rows.ts';
import type { WorkTreeView } from './work-tree-view.ts';

/** While all work is held nothing else matters as much. */
const RESUME_ALL: Row = {
  kind: 'action',
  workId: null,
  title: 'All Work Is Paused: Resume',
  icon: 'debug-continue',
  command: 'animus.resumeAll',
  args: [],
};

type Drawn = { shape: string; texts: ReadonlyMap<string, string> };

/** Ages grow while somebody looks. */
const AGE_EVERY_MS = 30_000;

export class WorkTree {
  #model: WorkModel;
  #connection: HostConnection;
  #drawn: Drawn = { shape: '', texts: new Map() };
  #rows = new Map<string, Row>();
  #view: WorkTreeView['view'];
  #changed: WorkTreeView['changed'];
  #disposables: { dispose(): void }[] = [];

  constructor(model: WorkModel, connection: HostConnection, { view, changed }: WorkTreeView) {
    this.#model = model;
    this.#connection = connection;
    this.#view = view;
    this.#changed = changed;
    let hold: { dispose(): void } | undefined;
    const look = () => {
      hold?.dispose();
      hold = this.#view.visible ? connection.hold() : undefined;
    };
    const ages = setInterval(() => this.#view.visible && this.#onChange(), AGE_EVERY_MS);
    this.#disposables.push(
      this.#view.onDidChangeVisibility(look),
      model.onChange(() => this.#onChange()),
      connection.onStateChange(() => this.#onHostState()),
      { dispose: () => clearInterval(ages) },
      { dispose: () => hold?.dispose() },
    );
    this.#onHostState();
    look();
  }

  getChildren(parent?: Row): Row[] {
    const rows = this.#childrenOf(parent);
    for (const row of rows) this.#rows.set(keyOf(row), row);
    // One object for each row: VS Code finds rows by identity.
    return rows.map((row) => Object.assign(this.#rows.get(keyOf(row)) ?? row, row));
  }

  getParent(row: Row): Row | undefined {
    switch (row.kind) {
      case 'group':
        return undefined;
      case 'reason':
        return this.#rowOf(row.workId);
      case 'action':
        return row.workId === null ? undefined : this.#rowOf(row.workId);
      case 'work': {
        const item = this.#model.get(row.id)?.item;
        if (!item) return undefined;
        const isTop = topOf(this.#model, groupOf(item)).some((known) => known.item.id === row.id);
        if (!isTop && item.parent_id) return this.#rowOf(item.parent_id);
        return groupRows(this.#model).find(({ group }) => group === groupOf(item));
      }
    }
  }

  getTreeItem(row: Row): vscode.TreeItem {
    const item = this.#treeItem(row);
    // VS Code keeps a row folded that had nothing to unfold: one with a reason is another row to it.
    item.id = item.collapsibleState === vscode.TreeItemCollapsibleState.Expanded ? `${keyOf(row)}:open` : keyOf(row);
    return item;
  }

  /** Selects an item and shows it, where it is known. */
  async reveal(id: string): Promise<void> {
    if (this.#model.get(id)) await this.#view.reveal(this.#rowOf(id), { select: true, focus: false, expand: true });
  }

  dispose(): void {
    for (const disposable of this.#disposables) disposable.dispose();
  }

  #rowOf(id: string): Row {
    return this.#rows.get(`work:${id}`) ?? { kind: 'work', id };
  }

  #childrenOf(parent: Row | undefined): Row[] {
    const known = (row: { item: { id: string } }): Row => this.#rowOf(row.item.id);
    if (parent === undefined) return [...this.#hostRows(), ...groupRows(this.#model)];
    if (parent.kind === 'group') return topOf(this.#model, parent.group).map(known);
    if (parent.kind !== 'work') return [];
    const work = this.#model.get(parent.id);
    if (!work) return [];
    return [...reasonRows(work), ...childrenUnder(this.#model, parent.id).map(known)];
  }

  /** While the host is not there: what can be done. What was known of the work stays below it. */
  #hostRows(): Row[] {
    const { kind, actions } = viewStateOf(this.#connection.state);
    if (kind === 'ready') return this.#model.allPaused ? [RESUME_ALL] : [];
    if (kind === 'untrusted') return [];
    return actions.map(({ command, title }) => {
      return {
        kind: 'action',
        workId: null,
        title,
        icon: COMMAND_ICONS[command],
        command: `animus.${command}`,
        args: [],
      };
    });
  }

  #treeItem(row: Row): vscode.TreeItem {
    const { Collapsed, Expanded, None } = vscode.TreeItemCollapsibleState;
    switch (row.kind) {
      case 'group': {
        const item = new vscode.TreeItem(GROUP_LABELS[row.group], Expanded);
        item.description = String(row.count);
        item.accessibilityInformation = { label: `${GROUP_LABELS[row.group]}, ${row.count}` };
        item.contextValue = 'group';
        return item;
      }
      case 'reason': {
        const item = new vscode.TreeItem(row.text, None);
        item.iconPath = new vscode.ThemeIcon('info', new vscode.ThemeColor('animus.idle'));
        item.tooltip = row.text;
        item.contextValue = 'reason';
        return item;
      }
      case 'action': {
        const item = new vscode.TreeItem(row.title, None);
        item.iconPath = new vscode.ThemeIcon(row.icon);
        item.command = { command: row.command, title: row.title, arguments: [...row.args] };
        item.contextValue = 'action';
        return item;
      }
      case 'work':
        return this.#workItem(row.id, Collapsed, Expanded, None);
    }
  }

  #workItem(
    id: string,
    collapsed: vscode.TreeItemCollapsibleState,
    expanded: vscode.TreeItemCollapsibleState,
    none: vscode.TreeItemCollapsibleState,
  ): vscode.TreeItem {
    const known = this.#model.get(id);
    if (!known) return new vscode.TreeItem(id, none);
    const { label, description, look, tooltip } = describeWork(known, this.#model, Date.now());
    const reasons = reasonRows(known).length > 0;
    const children = childrenUnder(this.#model, id).length > 0;
    const item = new vscode.TreeItem(label, reasons ? expanded : children ? collapsed : none);
    item.description = description;
    item.iconPath = new vscode.ThemeIcon(look.icon, new vscode.ThemeColor(look.color));
    item.tooltip = tooltipMarkdown(label, tooltip);
    const begun = hasBegun(known.item);
    const ended = TERMINAL_STATES.includes(known.item.state) ? (hasFailed(known.item) ? 'failed' : 'done') : 'open';
    item.contextValue = [
      'work',
      begun ? 'begun' : '',
      ended,
      known.item.paused ? 'paused' : '',
      known.item.question ? 'asks' : '',
      children ? 'parent' : '',
    ]
      .filter((word) => word !== '')
      .join('-');
    item.accessibilityInformation = { label: `${label}, ${description}` };
    if (begun) {
      item.command = { command: 'animus.openFocus', title: 'Open Focus', arguments: [{ workId: id }] };
    }
    return item;
  }

  /**
   * Rows that say something else are asked for again, the whole tree only where rows came, went or moved: a click on a row
   * that is being replaced is lost.
   */
  #onChange(): void {
    this.#onCounts();
    const before = this.#drawn;
    this.#drawn = this.#draw();
    if (before.shape !== this.#drawn.shape) {
      this.#changed.fire(undefined);
      return;
    }
    const rows = [...this.#drawn.texts].filter(([id, text]) => before.texts.get(id) !== text);
    if (rows.length > 0) this.#changed.fire(rows.map(([id]) => this.#rowOf(id)));
  }

  /** Which rows there are, and what each item says. */
  #draw(): Drawn {
    const now = Date.now();
    const items = this.#model.all();
    const texts = new Map(items.map((known) => [known.item.id, JSON.stringify(describeWork(known, this.#model, now))]));
    const below = ({ item }: { item: { id: string } }) =>
      childrenUnder(this.#model, item.id).map((child) => child.item.id);
    const groups = groupRows(this.#model).map(({ group, count }) => [
      group,
      count,
      topOf(this.#model, group).map((known) => [known.item.id, reasonRows(known), below(known)]),
    ]);
    return { shape: JSON.stringify([this.#model.allPaused, groups]), texts };
  }

  #onHostState(): void {
    const { kind, message } = viewStateOf(this.#connection.state);
    void vscode.commands.executeCommand('setContext', 'animus.host', kind);
    // With a message a view shows no welcome: in Restricted Mode that says it, with its button.
    this.#view.message = kind === 'untrusted' ? '' : message;
    this.#changed.fire(undefined);
    this.#onCounts();
  }

  #onCounts(): void {
    const count = (group: string) => this.#model.all().filter(({ item }) => groupOf(item) === group).length;
    const isEmpty = this.#model.loaded && this.#model.all().length === 0;
    void vscode.commands.executeCommand('setContext', 'animus.isEmpty', isEmpty);
    void vscode.commands.executeCommand('setContext', 'animus.allPaused', this.#model.allPaused);
    const [waiting, running] = [count('waiting'), count('running')];
    const value = waiting > 0 ? waiting : running;
    const tooltip = [waiting > 0 ? `${waiting} waiting for you` : '', running > 0 ? `${running} running` : '']
      .filter((text) => text !== '')
      .join(', ');
    this.#view.badge = value > 0 ? { value, tooltip: `Animus: ${tooltip}` } : undefined;
  }
}

function keyOf(row: Row): string {
  switch (row.kind) {
    case 'group':
      return `group:${row.group}`;
    case 'work':
      return `work:${row.id}`;
    case 'reason':
      return `reason:${row.workId}`;
    case 'action':
      return `action:${row.workId ?? 'host'}:${row.title}`;
  }
}

/** Model text goes in as text: nothing of it becomes a link, an image or a command. */
function tooltipMarkdown(label: string, lines: readonly string[]): vscode.MarkdownString {
  const markdown = new vscode.MarkdownString(`**${literal(label)}**`);
  for (const line of lines) markdown.appendMarkdown(`\n\n${literal(line)}`);
  return markdown;
}

/** What appendText leaves to be found by itself, web and mail addresses, is escaped as well. */
function literal(text: string): string {
  const { value } = new vscode.MarkdownString().appendText(text);
  return value
    .replaceAll('://', ':\\//')
    .replaceAll(/\b(www)\./gi, '$1\\.')
    .replaceAll('@', '\\@');
}
