/** What a call is about, as patterns see it: paths are followed to where they lead. */
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import type { ToolSubject } from '../engage/tool.ts';
import type { PathName } from '../tools/path-pattern.ts';
import { isInside } from '../tools/workspace-path.ts';
import type { Subject } from './pattern.ts';

/** `workspace`: its real path. */
export async function resolveSubject(subject: ToolSubject | undefined, workspace: string): Promise<Subject | null> {
  if (!subject) return null;
  if (subject.kind !== 'path') return subject;
  const asked = path.resolve(workspace, subject.text);
  const real = await realPathOf(asked);
  const names = [...new Set([asked, real])].map((one) => nameOf(one, workspace));
  return { kind: 'path', text: subject.text, names };
}

function nameOf(absolute: string, workspace: string): PathName {
  const isOutside = !isInside(workspace, absolute);
  const segments = (isOutside ? absolute : path.relative(workspace, absolute)).split(path.sep);
  return { segments: segments.filter((segment) => segment !== ''), isOutside };
}

/** Of a file that is still to be made, by the folder that it will lie in. */
async function realPathOf(absolute: string): Promise<string> {
  try {
    return await realpath(absolute);
  } catch {
    // It is not there, or may not be looked at: what matters is where the path leads as far as it can be followed.
    const parent = path.dirname(absolute);
    return parent === absolute ? absolute : path.join(await realPathOf(parent), path.basename(absolute));
  }
}
