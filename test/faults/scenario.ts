/** One piece of work that passes every boundary: its first attempt fails in orient, the second one does it all. */

export const FACULTY_NAME = 'careful';

/** The first start of its orient command fails, whoever starts it; every later one is fine. */
export const FACULTY = `
[faculty]
name = "${FACULTY_NAME}"
description = "Passes every boundary there is."

[faculty.orient]
command = "test -e ../../passed-$ANIMUS_WORK_ID || { touch ../../passed-$ANIMUS_WORK_ID; exit 1; }"

[faculty.consolidate]
command = "echo '{}' > consolidate-out.json"

[faculty.recover]
command = "true"
backoff = 0
`;

export const PATIENT_NAME = 'patient';

/** Says that its orient command has begun, which then takes as long as the test wants. */
export const PATIENT = `
[faculty]
name = "${PATIENT_NAME}"
description = "Waits in orient."

[faculty.orient]
command = "touch ../../begun-$ANIMUS_WORK_ID; while [ ! -e ../../go-$ANIMUS_WORK_ID ]; do sleep 0.02; done"
`;

const call = (name: string, input: object) => ({ name, input });
const entry = (entry_type: string, content: string) => call('ledger_append', { entry_type, content });

export const SUMMARY = 'All of it was done.';

/** In the order in which they are written. */
export const ENTRIES = ['the plan', 'the first finding', 'the first step', 'the second finding', 'the last step'];
export const LINES = ['first line', 'second line'];

const [plan, first, step, second, last] = ENTRIES as [string, string, string, string, string];

export const SCRIPT = {
  name: 'faults',
  turns: [
    { text: 'I begin with a plan.', tool_calls: [entry('plan', plan), call('read_file', { path: 'note.md' })] },
    {
      text: 'Now a line.',
      tool_calls: [call('append_line', { line: LINES[0] }), entry('finding', first), entry('step', step)],
    },
    { text: 'Another one.', tool_calls: [call('append_line', { line: LINES[1] }), entry('finding', second)] },
    { tool_calls: [entry('step', last), call('report_outcome', { success: true, summary: SUMMARY })] },
    { text: 'Done.' },
  ],
};
export const TURNS = SCRIPT.turns.length;
