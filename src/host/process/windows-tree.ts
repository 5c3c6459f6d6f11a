/** Windows keeps a tree by parent pids while its root lives, and `taskkill` walks it. Elsewhere this file is not used. */
import { execFile } from 'node:child_process';

/** Ends the root and what descends from it. Resolves with how many besides the root were ended; 0 if the root was gone. */
export function endWindowsTree(pid: number): Promise<number> {
  return new Promise((resolve, reject) => {
    execFile('taskkill', ['/pid', String(pid), '/T', '/F'], { windowsHide: true }, (error, stdout) => {
      // Exit codes say that some process was gone or refused: that is no fault of ours. A missing taskkill is.
      if (error !== null && typeof error.code !== 'number') {
        reject(new Error('Could not run taskkill', { cause: error }));
        return;
      }
      const ended = stdout.split('\n').filter((line) => line.startsWith('SUCCESS')).length;
      resolve(Math.max(0, ended - 1));
    });
  });
}
