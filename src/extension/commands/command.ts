/** What a command is, and what it is handed. */
import type { Services } from '../services.ts';
import type { FocusPanels } from '../views/focus-panels.ts';
import type { LedgerView } from '../views/ledger-view.ts';
import type { WorkTree } from '../views/work-tree.ts';

export type Parts = Services & { tree: WorkTree; ledger: LedgerView; panels: FocusPanels };

/** What it is called with comes from menus, from other commands, or from anybody who knows its name. */
export type Command = (parts: Parts, argument: unknown) => Promise<unknown>;
