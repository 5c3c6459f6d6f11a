/** The tools that read the workspace, for whoever hands tools to the loop. */
import type { Tool } from '../engage/tool.ts';
import { listFiles } from './list-files.ts';
import { readFile } from './read-file.ts';
import { searchText } from './search-text.ts';

export const workspaceTools: readonly Tool[] = [readFile, listFiles, searchText];
