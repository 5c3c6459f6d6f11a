/** What VS Code knows the parts of the extension by. package.json says the same; a test holds the two together. */
export const WORK_VIEW = 'animus.work';
export const LEDGER_VIEW = 'animus.ledger';
export const FOCUS_VIEW = 'animus.focus';

/** The commands, each without the `animus.` before it. */
export const COMMAND_NAMES = [
  'submitWork',
  'openFocus',
  'showLedger',
  'reviewChanges',
  'showContext',
  'inspectChildWork',
  'retryWork',
  'followUp',
  'sendMessage',
  'cancelWork',
  'pauseWork',
  'resumeWork',
  'pauseAll',
  'resumeAll',
  'deleteWork',
  'answer',
  'approve',
  'acceptHooks',
  'acceptFaculties',
  'runDemo',
  'chooseModel',
  'setApiKey',
  'trust',
  'whoMayDecide',
  'startHost',
  'restartHost',
  'showLogs',
  'revealWork',
  'whatNext',
  'nextPane',
  'previousPane',
] as const;
export type CommandName = (typeof COMMAND_NAMES)[number];
