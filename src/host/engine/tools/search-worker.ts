/** The thread of one search_text call. It is terminated when the call is over its time, so it holds nothing of worth. */
import { parentPort, workerData } from 'node:worker_threads';
import { type SearchOrder, searchFiles } from './search-files.ts';

parentPort?.postMessage(await searchFiles(workerData as SearchOrder));
