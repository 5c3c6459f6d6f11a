/** Scripts of the scripted model for whole runs through the command. */

const call = (name: string, input: object) => ({ name, input });
const entry = (entry_type: string, content: string) => call('ledger_append', { entry_type, content });

/**
 * A plan, files read, findings, steps and a report: `turns` turns, each `delayMs` apart. From turn `gate` on the model does
 * not answer.
 */
export function longRun(turns: number, delayMs: number, gate = turns + 2): object {
  const middle = Array.from({ length: turns - 3 }, (_, index) => ({
    text: `Turn ${index + 2}: looking at the next file.`,
    tool_calls: [
      call('read_file', { path: `notes/${(index % 5) + 1}.md` }),
      entry(index % 4 === 3 ? 'step' : 'finding', `What turn ${index + 2} found.`),
      call('search_text', { pattern: 'heron', path: '.' }),
    ],
  }));
  return {
    name: 'long-run',
    pace: { delay_ms: delayMs, chunk: 20, chunk_delay_ms: 2 },
    turns: [
      { text: 'I begin with a plan.', tool_calls: [entry('plan', 'Read all notes, one after the other.')] },
      ...middle,
      { tool_calls: [call('report_outcome', { success: true, summary: `Read the notes in ${turns} turns.` })] },
      { text: 'Done.' },
    ].map((turn, at) => (at + 1 < gate ? turn : { ...turn, delay_ms: NEVER_MS })),
  };
}

const NEVER_MS = 3_600_000;

export const NOTES = Object.fromEntries(
  Array.from({ length: 5 }, (_, index) => [
    `notes/${index + 1}.md`,
    `# Note ${index + 1}\n\nA heron stands in pond ${index + 1}.\n`,
  ]),
);

/** One turn that reports, one that ends. */
export const QUICK = {
  name: 'quick',
  turns: [
    { tool_calls: [entry('note', 'Seen.'), call('report_outcome', { success: true, summary: 'All is well.' })] },
    { text: 'Done.' },
  ],
};
