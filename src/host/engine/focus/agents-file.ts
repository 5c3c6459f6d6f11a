/** What a workspace's own AGENTS.md says to agents. Instructions, so a folder is asked for it only where a person trusts it. */
import { retryLost } from '../../db/retry-lost.ts';
import { readTrust } from '../../store/trust/trust.ts';
import { openInWorkspace } from '../tools/workspace-path.ts';
import type { FocusDependencies } from './types.ts';

const NAME = 'AGENTS.md';

/** Longest part of it that is loaded, in bytes. */
const MOST_BYTES = 32 * 1024;

/** '' where there is none, or the folder is not trusted. */
export async function agentsFile(deps: FocusDependencies, place: string): Promise<string> {
  const { workspace, closedFolder } = deps;
  if (!(await retryLost(() => readTrust(deps.db, place, workspace)))) return '';
  const opened = await openInWorkspace(workspace, NAME, { closedFolder });
  if (opened.kind === 'refused') return '';
  try {
    const buffer = Buffer.alloc(Math.min(opened.stats.size, MOST_BYTES));
    const { bytesRead } = await opened.handle.read(buffer, 0, buffer.length, 0);
    const text = buffer.toString('utf8', 0, bytesRead).replaceAll('\0', '\uFFFD').trimEnd();
    const left = opened.stats.size - bytesRead;
    return left > 0 ? `${text}\n[cut: ${left} more bytes; read_file has the rest]` : text;
  } finally {
    await opened.handle.close();
  }
}
