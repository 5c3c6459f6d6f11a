/** Shows an item in the Work view: what a row about another item leads to. */
import type { Command } from './command.ts';
import { namedWork } from './pick-work.ts';

export const revealWork: Command = async ({ tree }, argument) => {
  const id = namedWork(argument);
  if (id) await tree.reveal(id);
};
