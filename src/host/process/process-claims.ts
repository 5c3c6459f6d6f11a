/** Decides which processes belong to a run. Pure: it is handed the table and reads nothing itself. */
import type { ProcessEntry } from './process-table.ts';

export type Claim = {
  /** The run's root, whose pid is also its group; undefined when only markers are known. Never 0 or 1. */
  root: { pid: number; startedAt: number } | undefined;
  /** True if the process's environment carries what is looked for. Asked only about processes young enough. */
  carriesMarker(pid: number): boolean;
  /** The process that asks. It and its ancestors are never claimed, whatever they carry. */
  self: number;
};

/**
 * The live processes that are the run's: in its group, or marked, or children of these. Zombies, pids below 2, the asker
 * and its ancestors, and everything that started before the run are left out.
 */
export function claimedProcesses(table: readonly ProcessEntry[], claim: Claim): ProcessEntry[] {
  const spared = selfAndAncestors(table, claim.self);
  const oldest = claim.root?.startedAt ?? Number.NEGATIVE_INFINITY;
  const candidates = table.filter(
    (entry) => entry.pid > 1 && !entry.zombie && entry.startedAt >= oldest && !spared.has(entry.pid),
  );
  const group = ownGroup(table, claim);
  const own = candidates.filter((entry) => entry.group === group || claim.carriesMarker(entry.pid));
  return withDescendants(own, candidates);
}

/** The run's group, unless its number was given to a stranger since: then the leader's start differs. */
export function ownGroup(table: readonly ProcessEntry[], claim: Claim): number | undefined {
  const root = claim.root;
  if (root === undefined || !Number.isSafeInteger(root.pid) || root.pid <= 1) return undefined;
  const leader = table.find((entry) => entry.pid === root.pid);
  const sameLeader = leader === undefined || Math.abs(leader.startedAt - root.startedAt) <= startSlack();
  return sameLeader ? root.pid : undefined;
}

/** Where starts are known in whole seconds only, the run's own may lie one second before its leader's. */
function startSlack(): number {
  return process.platform === 'linux' ? 0 : 1000;
}

function selfAndAncestors(table: readonly ProcessEntry[], self: number): Set<number> {
  const parents = new Map(table.map((entry) => [entry.pid, entry.parent]));
  const line = new Set<number>();
  for (let pid: number | undefined = self; pid !== undefined && pid > 0 && !line.has(pid); pid = parents.get(pid)) {
    line.add(pid);
  }
  return line;
}

function withDescendants(own: readonly ProcessEntry[], candidates: readonly ProcessEntry[]): ProcessEntry[] {
  const children = Map.groupBy(candidates, (entry) => entry.parent);
  const claimed = new Map<number, ProcessEntry>();
  const open = [...own];
  for (let entry = open.pop(); entry !== undefined; entry = open.pop()) {
    if (claimed.has(entry.pid)) continue;
    claimed.set(entry.pid, entry);
    open.push(...(children.get(entry.pid) ?? []));
  }
  return [...claimed.values()];
}
