/** Animus: Show Ledger. Of the item that it is called on, or whose focus is in front; else of all. */
import type { Command } from './command.ts';
import { namedWork } from './pick-work.ts';

export const showLedger: Command = async ({ ledger, panels }, argument) => {
  await ledger.show(namedWork(argument) ?? panels.activeItem()?.id ?? null);
};
