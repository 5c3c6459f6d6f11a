/** What the scripted model answers in the tests that drive a VS Code. */

type Call = { name: string; input: Record<string, unknown> };

export const entry = (entry_type: string, content: string): Call => ({
  name: 'ledger_append',
  input: { entry_type, content },
});

/** Reports and ends. */
export const report = (summary: string) => [
  { tool_calls: [{ name: 'report_outcome', input: { success: true, summary } }] },
  { text: 'Done.' },
];

/** Long enough to be watched. */
export const STEADY = {
  name: 'steady',
  pace: { delay_ms: 350, chunk: 12, chunk_delay_ms: 6 },
  turns: [
    { text: 'I begin with a plan.', tool_calls: [entry('plan', 'Read the sources, then say where a day is defined.')] },
    { text: 'The sources are few.', tool_calls: [{ name: 'read_file', input: { path: 'src/date.ts' } }] },
    {
      text: '`DAY` is in **src/date.ts**.',
      tool_calls: [entry('finding', 'DAY is defined in src/date.ts:2 as 86_400_000 milliseconds.')],
    },
    { text: 'A test covers it.', tool_calls: [{ name: 'search_text', input: { pattern: 'DAY', path: '.' } }] },
    { tool_calls: [entry('decision', 'Leap seconds are left out, as the comment in the source says.')] },
    { tool_calls: [entry('step', 'Read both files and their test.')] },
    ...report('A day is defined once.'),
  ],
};

/** Records one step after the other for so long that windows come and go meanwhile; about a second a step. */
export function patient(steps: number) {
  const numbers = Array.from({ length: steps }, (_, at) => at + 1);
  return {
    name: 'patient',
    pace: { delay_ms: 300, chunk: 4, chunk_delay_ms: 40 },
    turns: [
      ...numbers.map((n) => ({
        text: `Now I do part ${n} of the long work.`,
        tool_calls: [entry('step', `part ${n}`)],
      })),
      ...report(`All ${steps} parts are done.`),
    ],
  };
}
