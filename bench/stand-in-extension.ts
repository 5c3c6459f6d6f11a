/** An extension that registers one command and one tree view and does nothing else: what registering alone costs. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const VSCE = path.resolve(import.meta.dirname, '../node_modules/@vscode/vsce/vsce');

/** What its tab and its row among the running extensions are called. */
export const STAND_IN = 'Stand-in';
/** The one row of its view. */
export const STAND_IN_ROW = 'the only row';

const CODE = `const vscode = require('vscode');
exports.activate = (context) => {
  const treeDataProvider = {
    getChildren: (row) => (row ? [] : ['${STAND_IN_ROW}']),
    getTreeItem: (row) => new vscode.TreeItem(row),
  };
  context.subscriptions.push(
    vscode.commands.registerCommand('standIn.run', () => undefined),
    vscode.window.createTreeView('standIn.view', { treeDataProvider }),
  );
};
`;

/** Packages it in a temporary folder. Gives the file. */
export async function packagedStandIn(engine: string): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'stand-in-'));
  const icon = 'media/stand-in.svg';
  mkdirSync(path.join(folder, 'media'));
  writeFileSync(path.join(folder, icon), '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"/>');
  writeFileSync(path.join(folder, 'README.md'), `# ${STAND_IN}\n`);
  writeFileSync(path.join(folder, 'extension.cjs'), CODE);
  const manifest = {
    name: 'stand-in',
    displayName: STAND_IN,
    version: '0.0.1',
    publisher: 'stand-in',
    main: './extension.cjs',
    engines: { vscode: engine },
    extensionKind: ['workspace'],
    contributes: {
      viewsContainers: { activitybar: [{ id: 'standIn', title: STAND_IN, icon }] },
      views: { standIn: [{ id: 'standIn.view', name: 'Rows', icon }] },
      commands: [{ command: 'standIn.run', title: 'Run' }],
    },
  };
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest));
  const vsix = path.join(folder, 'stand-in.vsix');
  const args = ['package', '--no-dependencies', '--allow-missing-repository', '--skip-license', '-o', vsix];
  await promisify(execFile)(process.execPath, [VSCE, ...args], { cwd: folder });
  return vsix;
}
