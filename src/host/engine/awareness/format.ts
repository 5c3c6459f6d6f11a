/** The digest's text: the same bytes for the same state. */

import { shortId } from '../../../rendezvous/ids.ts';
import { CHARACTERS_PER_TOKEN } from '../../llm/estimate-tokens.ts';
import type { ActiveWork, CompletedWork, OtherFinding } from '../../store/awareness/other-work.ts';
import { quoted, shortTime } from './quoted.ts';

const HEADING = '== AWARENESS ==';

export const TITLES = {
  active: 'Currently active:',
  completed: 'Recently completed:',
  findings: 'Recent findings:',
  skills: 'Skills updated:',
} as const;

/** Most characters of one quoted text. */
const DESCRIPTION_SHOWN = 120;
const TEXT_SHOWN = 280;
const FILES_SHOWN = 5;

export type Section = { title: string; lines: readonly string[] };

/**
 * As much of the sections as fits, in turns: the first line of each, then the second, so that no long list takes the room
 * of the others. Gives how many lines of each are in the text; '' where none are.
 */
export function formatDigest(sections: readonly Section[], maxTokens: number): { text: string; shown: number[] } {
  const shown = fitting(sections, maxTokens * CHARACTERS_PER_TOKEN);
  const parts = sections.flatMap(({ title, lines }, at) =>
    shown[at] ? [[title, ...lines.slice(0, shown[at])].join('\n')] : [],
  );
  return { text: parts.length === 0 ? '' : `${HEADING}\n${parts.join('\n\n')}`, shown };
}

function fitting(sections: readonly Section[], room: number): number[] {
  const shown = sections.map(() => 0);
  const open = new Set(sections.keys());
  let used = HEADING.length;
  while (open.size > 0) {
    for (const at of open) {
      const { title, lines } = sections[at] as Section;
      const count = shown[at] ?? 0;
      const line = lines[count];
      // With the ends of lines, and an empty one before a title.
      const cost = (line?.length ?? 0) + 1 + (count === 0 ? title.length + 2 : 0);
      if (line === undefined || used + cost > room) open.delete(at);
      else {
        shown[at] = count + 1;
        used += cost;
      }
    }
  }
  return shown;
}

export function activeLine({ faculty, workItemId, description, waitsFor, since, plan }: ActiveWork): string {
  const state = waitsFor === null ? 'running' : `waits for ${waitsFor}`;
  const told = `${who(faculty, workItemId)}: ${quoted(description, DESCRIPTION_SHOWN)} (${state} since ${shortTime(since)})`;
  return plan === null ? `- ${told}` : `- ${told}. Plan: ${quoted(plan, TEXT_SHOWN)}`;
}

export function completedLine({ faculty, workItemId, description, end, at, summary }: CompletedWork): string {
  const told = `${who(faculty, workItemId)}: ${quoted(description, DESCRIPTION_SHOWN)} (${end} ${shortTime(at)})`;
  return `- ${told}: ${quoted(summary, TEXT_SHOWN)}`;
}

export function findingLine(finding: OtherFinding): string {
  const files = fileList(finding)
    .slice(0, FILES_SHOWN)
    .map((file) => quoted(file, DESCRIPTION_SHOWN));
  const told = `${whose(finding)} (${shortTime(finding.at)}): ${quoted(finding.content, TEXT_SHOWN)}`;
  return files.length === 0 ? `- ${told}` : `- ${told} [${files.join(', ')}]`;
}

/** One line for an open focus. */
export function remarkLine(finding: OtherFinding, file: string): string {
  const names = `which names ${quoted(file, DESCRIPTION_SHOWN)}, a file you have looked at`;
  return `[awareness] ${whose(finding)} recorded a finding, ${names}: ${quoted(finding.content, TEXT_SHOWN)}`;
}

export function fileList({ files }: Pick<OtherFinding, 'files'>): string[] {
  return Array.isArray(files) ? files.filter((file) => typeof file === 'string') : [];
}

const who = (faculty: string, workItemId: string) => `${faculty} ${shortId(workItemId)}`;

const whose = ({ faculty, workItemId, seq }: OtherFinding) => `${who(faculty, workItemId)} [${seq}]`;
