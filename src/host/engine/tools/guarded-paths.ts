/**
 * Places in a workspace that steer what runs: an agent that could write there without being asked could give itself
 * orders, or have others carry them out. They are guarded whether or not they exist yet.
 */

/** Names of folders and files, at any depth. */
const GUARDED = [
  ...['.git', '.vscode', '.animus', '.husky', '.devcontainer', '.envrc', '.agents', '.github', '.claude', '.codex'],
  ...['.cursor', '.mcp.json', 'agents.md', 'claude.md'],
] as const;

/** Those from the workspace's root that a confined command may read and not change. Its `.git` it may need to commit. */
export const STEERING_PATHS = [
  ...['.git/hooks', '.git/config', '.vscode', '.animus', '.agents/skills', '.github/skills', '.claude'],
] as const;

/** The guarded name that a path has in it, as in `.git`; undefined where it has none. `relative` uses forward slashes. */
export function guardedPlace(relative: string): string | undefined {
  const steps = relative.split('/').map(plainName);
  return GUARDED.find((name) => steps.includes(name));
}

/** A name as file systems compare it that know no case, or drop what stands at its end. */
function plainName(name: string): string {
  return name
    .normalize('NFKC')
    .replaceAll(/[\p{Cf}]/gu, '')
    .replace(/::?\$.*$/, '')
    .replace(/[. ]+$/, '')
    .toLowerCase();
}
