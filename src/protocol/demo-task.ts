/** What the demo asks for, whoever asks: the command or the editor. */
export const DEMO_TASK =
  'Survey this folder for a newcomer: what it is, how it is laid out, how it is built and tested, and what stands out. ' +
  'Record a plan, at least three findings with the files that show them, and each step; then report the outcome.';

export const DEMO_FACULTY = 'general';

/** Answers where there is no key: a script, and no model. */
export const DEMO_MODEL = 'scripted/demo';
