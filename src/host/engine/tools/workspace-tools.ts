/** The tools that work on the workspace, and on what lies beyond it, for whoever hands tools to the loop. */
import type { Surroundings as WebSurroundings } from '../../web/fetch-page.ts';
import type { Tool } from '../engage/tool.ts';
import { editFile } from './edit-file.ts';
import { listFiles } from './list-files.ts';
import { readFile } from './read-file.ts';
import { type CommandSurroundings, createRunCommand } from './run-command.ts';
import { searchText } from './search-text.ts';
import { createWebFetch } from './web-fetch.ts';
import { writeFile } from './write-file.ts';

export function createWorkspaceTools(commands: CommandSurroundings, web: WebSurroundings): readonly Tool[] {
  return [readFile, listFiles, searchText, writeFile, editFile, createRunCommand(commands), createWebFetch(web)];
}
