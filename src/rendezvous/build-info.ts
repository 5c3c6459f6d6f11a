/** Which build this is. A bundle carries it in build.json beside itself; sources run as a build of their own name. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';

const buildFile = z.object({ version: z.string(), build: z.string() });
export type BuildInfo = z.infer<typeof buildFile>;

/** `folder` is where the running file lies. */
export function readBuildInfo(folder: string): BuildInfo {
  const file = path.join(folder, 'build.json');
  if (!existsSync(file)) return { version: '0.0.0', build: 'source' };
  return buildFile.parse(JSON.parse(readFileSync(file, 'utf8')));
}

/** Compares two versions by semver's order of the three numbers; what follows a hyphen is left out of it. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [numbers(a), numbers(b)];
  const position = left.findIndex((part, index) => part !== right[index]);
  return position === -1 ? 0 : Math.sign((left[position] ?? 0) - (right[position] ?? 0));
}

function numbers(version: string): number[] {
  const parts = version.split('-')[0]?.split('.').map(Number) ?? [];
  return [0, 1, 2].map((index) => parts[index] || 0);
}
