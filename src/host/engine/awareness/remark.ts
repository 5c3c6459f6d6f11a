/** What an open focus is told at the end of a turn: that somebody else has found something about a file it knows. */
import type { Queryable } from '../../db/types.ts';
import { type OtherFinding, readFindingsSince } from '../../store/awareness/other-work.ts';
import { readToldFindings, readTouchedPaths } from '../../store/awareness/told.ts';
import { type AwarenessSettings, onlookerOf, type Viewer } from './digest.ts';
import { namesFile, normalPath } from './file-names.ts';
import { fileList, remarkLine } from './format.ts';

/** So many in one turn; the others follow in the next ones. */
const MOST_AT_ONCE = 3;

/** Of a flood of findings the newest are looked at. */
const MOST_LOOKED_AT = 100;

export type Remark = {
  text: string;
  /** Ids of the entries it tells of. */
  findings: string[];
  /** Where the next look begins, where this one did not get to the end. */
  lookedTo: Date | null;
};

/**
 * For the transaction that closes a turn, before its message is there. All it knows is in rows, so a restart changes
 * nothing; where nobody has found anything it is one query that reads nothing.
 */
export async function remarkOnFindings(
  db: Queryable,
  focusId: string,
  viewer: Viewer,
  settings: AwarenessSettings,
): Promise<Remark | undefined> {
  const onlooker = onlookerOf(viewer, settings);
  const found = await readFindingsSince(db, onlooker, focusId, settings.lookback_hours, MOST_LOOKED_AT);
  if (found.length === 0) return undefined;
  const touched = touchedFiles(await readTouchedPaths(db, focusId), viewer.workspace);
  const named = found.reverse().flatMap((finding) => {
    const file = touched.find((candidate) => names(finding, candidate, viewer.workspace));
    return file === undefined ? [] : [{ finding, file }];
  });
  if (named.length === 0) return undefined;
  const told = await readToldFindings(db, focusId);
  const untold = named.filter(({ finding }) => !told.has(finding.entryId));
  const now = untold.slice(0, MOST_AT_ONCE);
  if (now.length === 0) return undefined;
  return {
    text: now.map(({ finding, file }) => remarkLine(finding, file)).join('\n'),
    findings: now.map(({ finding }) => finding.entryId),
    lookedTo: untold[MOST_AT_ONCE]?.finding.at ?? null,
  };
}

/** A folder that was listed or searched counts where its name cannot be an ordinary word. */
function touchedFiles(touched: readonly { tool: string; path: string }[], workspace: string): string[] {
  const files = touched.flatMap(({ tool, path }) => {
    const file = normalPath(path, workspace);
    return file !== undefined && (tool === 'read_file' || /[/.]/.test(file)) ? [file] : [];
  });
  return [...new Set(files)];
}

function names(finding: OtherFinding, file: string, workspace: string): boolean {
  return [finding.content, ...fileList(finding)].some((text) => namesFile(text, file, workspace));
}
