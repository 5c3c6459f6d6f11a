/** Which files a permission's path is about. */
import { compileGlob } from './glob.ts';

/** A name under which a file is known: from the workspace's folder, or absolute where it lies outside. */
export type PathName = { segments: readonly string[]; isOutside: boolean };

/** `all`: the pattern must cover everything; `any`: one part is enough. */
export type Reach = 'all' | 'any';

export type NamesMatcher = (names: readonly PathName[]) => boolean;

/**
 * Inside the workspace by a path relative to it; outside only by one that begins with two slashes. What is looked for in any
 * part is a refusal or a question: where that is about all that lies in a folder, it is about the folder too.
 */
export function compilePathPattern(pattern: string, reach: Reach): NamesMatcher {
  const isAbout = pattern.startsWith('//') ? 'outside' : 'inside';
  const glob = compileGlob(isAbout === 'outside' ? pattern.slice(1) : pattern, { withFolder: reach === 'any' });
  if (glob.kind === 'invalid') return () => false;
  const matches = (name: PathName) => name.isOutside === (isAbout === 'outside') && glob.matches(name.segments);
  if (reach === 'any') return (names) => names.some(matches);
  return (names) => names.length > 0 && names.every(matches);
}
