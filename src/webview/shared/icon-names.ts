/** The icons in use, by their names in the codicon font, and what their colours mean. */

export const GLYPHS = {
  'arrow-down': '\uea9a',
  'arrow-left': '\uea9b',
  'arrow-right': '\uea9c',
  'bell-dot': '\ueb9a',
  book: '\ueaa4',
  'chevron-down': '\ueab4',
  'chevron-right': '\ueab6',
  'chevron-up': '\ueab7',
  'circle-large-outline': '\uebb5',
  'circle-slash': '\ueabd',
  close: '\uea76',
  code: '\ueac4',
  'collapse-all': '\ueac5',
  compass: '\uebd5',
  copy: '\uebcc',
  database: '\ueace',
  'debug-disconnect': '\uead0',
  'debug-pause': '\uead1',
  'debug-restart': '\uead2',
  discard: '\ueae2',
  edit: '\uea73',
  error: '\uea87',
  'expand-all': '\ueb95',
  extensions: '\ueae6',
  eye: '\uea70',
  'eye-closed': '\ueae7',
  file: '\uea7b',
  fold: '\ueaf5',
  'git-compare': '\ueafd',
  'git-merge': '\ueafe',
  'go-to-file': '\uea94',
  hubot: '\ueb08',
  inbox: '\ueb09',
  info: '\uea74',
  law: '\ueb12',
  lightbulb: '\uea61',
  link: '\ueb15',
  loading: '\ueb19',
  map: '\uec05',
  mcp: '\uec47',
  milestone: '\ueb20',
  'mortar-board': '\ueb21',
  note: '\ueb26',
  pass: '\ueba4',
  question: '\ueb32',
  search: '\uea6d',
  shield: '\ueb53',
  target: '\uebf8',
  terminal: '\uea85',
  'type-hierarchy-sub': '\uebba',
  warning: '\uea6c',
} as const;

export type IconName = keyof typeof GLYPHS;

/** What a colour means; the style sheet has `hue-…` for each. */
export type Hue =
  | 'plan'
  | 'finding'
  | 'decision'
  | 'step'
  | 'error'
  | 'note'
  | 'running'
  | 'you'
  | 'completed'
  | 'dead'
  | 'merged'
  | 'idle';
