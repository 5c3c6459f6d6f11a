/**
 * Places in a workspace that steer what runs: an agent that could write there without being asked could give itself
 * orders, or have others carry them out. They are guarded whether or not they exist yet.
 */

/** By folder or file from the workspace's root, or at any depth where it begins with a doubled star. */
const GUARDED = [
  '**/.git',
  '**/.vscode',
  '**/.animus',
  '**/.husky',
  '**/.devcontainer',
  '**/.envrc',
  '**/.agents/skills',
  '**/.github/skills',
  '**/.claude',
  '**/.codex',
  '**/.cursor',
  '.github/workflows',
  '**/.mcp.json',
  '**/agents.md',
  '**/claude.md',
] as const;

/** Those from the workspace's root that a confined command may read and not change. Its `.git` it may need to commit. */
export const STEERING_PATHS = [
  '.git/hooks',
  '.git/config',
  '.vscode',
  '.animus',
  '.agents/skills',
  '.github/skills',
  '.claude',
] as const;

const PATTERNS = GUARDED.map((place) => {
  const anywhere = place.startsWith('**/');
  return { place: place.replace('**/', ''), steps: place.replace('**/', '').split('/'), anywhere };
});

/** The guarded place that a path lies in, as in `.git`; undefined where it lies in none. `relative` uses forward slashes. */
export function guardedPlace(relative: string): string | undefined {
  const steps = relative.split('/').map(plainName);
  return PATTERNS.find(({ steps: wanted, anywhere }) =>
    steps.some((_, at) => (anywhere || at === 0) && wanted.every((step, offset) => steps[at + offset] === step)),
  )?.place;
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
