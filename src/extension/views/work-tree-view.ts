/** The Work view as VS Code has it from activation on: its rows come from a tree that is there once somebody looks. */
import * as vscode from 'vscode';
import { WORK_VIEW } from '../names.ts';
import type { Row } from '../work/work-rows.ts';

export type WorkTreeView = {
  view: vscode.TreeView<Row>;
  /** Fired with the rows to ask for again, undefined for all. */
  changed: vscode.EventEmitter<Row | Row[] | undefined>;
};

type Rows = Required<Pick<vscode.TreeDataProvider<Row>, 'getChildren' | 'getTreeItem' | 'getParent'>>;

/** `rows` is first called when VS Code asks for rows, so not before the view is visible. */
export function createWorkTreeView(rows: () => Promise<Rows>): WorkTreeView {
  const changed = new vscode.EventEmitter<Row | Row[] | undefined>();
  const treeDataProvider: vscode.TreeDataProvider<Row> = {
    onDidChangeTreeData: changed.event,
    getChildren: async (row) => (await rows()).getChildren(row),
    getTreeItem: async (row) => (await rows()).getTreeItem(row),
    getParent: async (row) => (await rows()).getParent(row),
  };
  return { view: vscode.window.createTreeView(WORK_VIEW, { treeDataProvider, showCollapseAll: true }), changed };
}
