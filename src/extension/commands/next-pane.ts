/** Moves the keyboard within the focus editor that is in front: to its next pane, or back. F6 in its page leads here. */
import type { Command } from './command.ts';

export const nextPane: Command = async ({ panels }) => panels.movePane(1);

export const previousPane: Command = async ({ panels }) => panels.movePane(-1);
