/**
 * The behaviours that must be shown, as data. A test cites the ids it shows at the beginning of its title, as in
 * `it('[led-1] …')`; requirements.test.ts fails on any that is due and that no test cites.
 */

/** The steps in which Animus is built, and what each brings. */
export const STEPS = {
  1: 'the main job in the terminal',
  2: 'the main job in VS Code',
  3: 'the control plane',
  4: 'models',
  5: 'the engage loop',
  6: 'the sandbox',
  7: 'skills and memory',
  8: 'the editor experience',
  9: 'operations',
} as const;
export type Step = keyof typeof STEPS;

/** What this step or an earlier one brings is due. */
export const CURRENT_STEP: Step = 5;

export type Requirement = {
  id: string;
  text: string;
  /** The step by whose end it must be shown. */
  step: Step;
  /** Needs a real key: a lane of its own, and never required. */
  live?: true;
};

/** Behaviours, by part. */
const BEHAVIOURS: readonly Requirement[] = [
  { id: 'llm-1', step: 1, text: 'a request becomes the body of an Anthropic message' },
  { id: 'llm-2', step: 4, text: 'a request becomes the body of a Chat Completions call' },
  { id: 'llm-3', step: 1, text: 'text and tool calls are read from an Anthropic answer' },
  { id: 'llm-4', step: 1, text: 'every stop reason is mapped to one of ours' },
  { id: 'llm-5', step: 4, text: 'tool calls are read from a Chat Completions answer' },
  { id: 'llm-6', step: 1, text: 'server-sent events give the same events however their bytes are cut' },
  { id: 'llm-7', step: 1, text: 'every event of an Anthropic stream is understood' },
  { id: 'llm-8', step: 1, text: 'a rate limit says when to come back' },
  { id: 'llm-9', step: 1, text: "an API's error keeps its status and message" },
  { id: 'llm-10', step: 1, live: true, text: 'with a key, a real round trip returns text' },
  { id: 'llm-11', step: 1, live: true, text: 'with a key, a real round trip returns a tool call' },
  { id: 'llm-12', step: 1, live: true, text: 'with a key, text streams in deltas' },

  { id: 'led-1', step: 1, text: "an item's entries are numbered 1, 2, 3 … without a gap" },
  { id: 'led-2', step: 1, text: 'an unknown entry type is refused' },
  { id: 'led-3', step: 1, text: 'entries are read in the order of their numbers' },
  { id: 'led-4', step: 1, text: 'entries are read by type' },
  { id: 'led-5', step: 1, text: 'the last n entries are read' },
  { id: 'led-6', step: 1, text: 'the formatted view groups entries by type' },
  { id: 'led-7', step: 1, text: 'the formatted view shows the latest plan only' },
  { id: 'led-8', step: 1, text: 'entries go when their item is deleted, and in no other way' },
  { id: 'led-9', step: 1, text: "one item's entries are not another's" },
  { id: 'led-10', step: 1, text: 'an entry comes back with the type it was written with' },

  { id: 'eng-1', step: 1, text: 'the model is told the definitions of the tools there are' },
  { id: 'eng-2', step: 1, text: 'a tool is run by its name' },
  { id: 'eng-3', step: 1, text: 'an unknown tool is answered with an error result' },
  { id: 'eng-4', step: 1, text: 'end_turn ends the loop' },
  { id: 'eng-5', step: 1, text: 'a called tool is run, and the loop goes on with its result' },
  { id: 'eng-6', step: 1, text: 'max_turns holds: without a person to ask, the work ends as budget' },
  { id: 'eng-7', step: 1, text: "a tool's error is a result" },
  { id: 'eng-8', step: 1, text: 'the prompt tells what the ledger is and how to use it' },
  { id: 'eng-9', step: 1, text: 'the prompt tells the focus what it works on, where, and with what budget' },
  { id: 'eng-10', step: 1, text: 'the roles of a request alternate' },
  { id: 'eng-11', step: 5, text: 'reading calls of one turn overlap' },
  { id: 'eng-12', step: 1, text: 'each result carries the id of its call' },
  { id: 'eng-13', step: 5, text: 'with parallel execution off, calls run in turn' },
  { id: 'eng-14', step: 5, text: 'a step entry closes the context block' },
  { id: 'eng-15', step: 5, text: 'a closed block of enough tokens becomes a stub' },
  { id: 'eng-16', step: 5, text: 'several closed blocks are all folded' },
  { id: 'eng-17', step: 5, text: 'the open block is never folded' },
  { id: 'eng-18', step: 5, text: 'turns without a ledger entry bring a reminder' },
  { id: 'eng-19', step: 5, text: 'a ledger entry starts the count to the reminder anew' },
  { id: 'eng-20', step: 5, text: "compaction begins when the model's window fills" },

  { id: 'hook-1', step: 5, text: 'hooks are found in their folders' },
  { id: 'hook-2', step: 5, text: 'BeforeLLMCall blocks, and the loop ends with its reason' },
  { id: 'hook-3', step: 5, text: 'BeforeLLMCall patches the system prompt, as system or system_prompt' },
  { id: 'hook-4', step: 5, text: 'BeforeToolCall blocks: the tool is not run, and an error is its result' },
  { id: 'hook-5', step: 5, text: 'AfterToolCall changes the result' },
  { id: 'hook-6', step: 5, text: 'hooks run in the order of their priorities' },
  { id: 'hook-7', step: 5, text: 'a hook over its time blocks, unless it says on_error: allow' },

  { id: 'awa-1', step: 3, text: 'the digest has running siblings' },
  { id: 'awa-2', step: 3, text: 'the digest has what was completed lately' },
  { id: 'awa-3', step: 3, text: 'the digest has findings of other faculties' },
  { id: 'awa-4', step: 3, text: 'the digest never has the item itself' },
  { id: 'awa-5', step: 3, text: 'nothing older than the lookback is in the digest' },
  { id: 'awa-6', step: 3, text: 'switched off, the digest is empty' },
  { id: 'awa-7', step: 3, text: 'the digest reads well, byte for byte' },

  { id: 'chi-1', step: 3, text: 'spawning makes an item with its parent_id' },
  { id: 'chi-2', step: 3, text: 'awaiting returns when the child is done' },
  { id: 'chi-3', step: 3, text: 'awaiting ends at its time-out' },
  { id: 'chi-4', step: 3, text: 'several children are awaited at once' },
  { id: 'chi-5', step: 3, text: 'checking does not wait' },
  { id: 'chi-6', step: 3, text: 'the limit of depth holds' },
  { id: 'chi-7', step: 3, text: "a child's outcome comes with a summary of its ledger" },

  { id: 'box-1', step: 6, text: 'Python runs in the box and its output returns' },
  { id: 'box-2', step: 6, text: 'code in the box reaches the tools of the engine' },
  { id: 'box-3', step: 6, text: 'code over its time is ended' },
  { id: 'box-4', step: 6, text: 'the memory limit holds' },
  { id: 'box-5', step: 6, text: "the return value enters the context, the inner calls' raw output does not" },
  { id: 'box-6', step: 6, text: 'the box reaches the engine and nothing else on the network' },
  { id: 'box-7', step: 6, text: 'a step written by code closes a block' },

  { id: 'ski-1', step: 7, text: "a skill's frontmatter is read" },
  { id: 'ski-2', step: 7, text: 'a folder of skills becomes a catalogue' },
  { id: 'ski-3', step: 7, text: 'a skill is triggered by faculty or work type' },
  { id: 'ski-4', step: 7, text: 'a skill is triggered by keywords' },
  { id: 'ski-5', step: 7, text: 'activation returns the whole body, and prompt.md where there is one' },
  { id: 'ski-6', step: 7, text: 'the limit of automatic activations holds' },
  { id: 'ski-7', step: 7, text: 'create_skill writes a valid SKILL.md' },
  { id: 'ski-8', step: 7, text: 'a created skill is found at once as a candidate, and used once it is accepted' },
  { id: 'ski-9', step: 7, text: 'activations are rows' },
  { id: 'ski-10', step: 7, text: "a created skill's origin points at ledger entries" },
];

/** Faults that the work must outlive. */
const FAULTS: readonly Requirement[] = [
  { id: 'F1', step: 3, text: 'the host is killed before and after each write of orient and engage' },
  { id: 'F2', step: 3, text: 'the host is killed in consolidate and in recover' },
  { id: 'F3', step: 3, text: 'a host that slept over its lease can change nothing' },
  { id: 'F4', step: 3, text: 'Postgres restarts every few seconds under load' },
  { id: 'F5', step: 3, text: 'notifications stop without a word: the poll claims within two seconds' },
  { id: 'F6', step: 1, text: 'two hosts on one embedded database: one serves' },
  { id: 'F7', step: 3, text: 'two and three hosts on one Postgres' },
  { id: 'F8', step: 3, text: 'the disk is full' },
  { id: 'F9', step: 3, text: 'the clock jumps an hour either way, or the machine sleeps' },
  { id: 'F10', step: 1, text: 'a hundred equal submissions at once leave one item' },
  { id: 'F11', step: 1, text: 'an item that kills its host three times without progress fails the attempt' },
  { id: 'F12', step: 3, text: 'awaiting with one slot, in cycles, too deep, and a thousand wide' },
  { id: 'F13', step: 3, text: 'a child crashes, is cancelled, or never ends' },
  { id: 'F14', step: 4, text: 'storms of 429, 500 and 529, and a Retry-After of an hour' },
  { id: 'F15', step: 4, text: "a stream is cut inside a tool call's JSON" },
  { id: 'F16', step: 4, text: 'a stream with bad frames, bad UTF-8, lone surrogates, NUL, and unknown events' },
  { id: 'F17', step: 4, text: 'an endless stream, a silent one, and one of a byte a second' },
  { id: 'F18', step: 1, text: 'a turn with an unknown tool, invalid arguments, fifty calls, and equal call ids' },
  { id: 'F19', step: 1, text: 'a tool hangs, or ignores that it is aborted' },
  { id: 'F20', step: 1, text: 'a command of a phase or hook hangs, floods, prints garbage, dies, or leaves a daemon' },
  { id: 'F21', step: 5, text: "a hook's patch is invalid or huge" },
  { id: 'F22', step: 3, text: 'work is cancelled in every phase: over within two seconds, and nothing runs after' },
  { id: 'F23', step: 2, text: 'the window reloads, and the host crashes over and over' },
  { id: 'F24', step: 1, text: "a store whose schema is older or newer than this build's" },
];

/** What abuse must not reach. */
const ABUSES: readonly Requirement[] = [
  { id: 'S1', step: 6, text: 'code in the sandbox that forks, spins, or fills memory, output or disk' },
  { id: 'S2', step: 6, text: "code in the sandbox that looks for the internet, Docker, metadata, or the host's ports" },
  { id: 'S3', step: 6, text: "a sandbox's token that is stolen, replayed, or late" },
  { id: 'S4', step: 6, text: 'code in the sandbox that reads environment and secrets, or escapes through a link' },
  { id: 'S5', step: 5, text: 'an agent that writes faculties, hooks, skills, or settings that steer it' },
  { id: 'S6', step: 6, text: 'without Docker or image nothing runs on the bare host, and that is said' },
  {
    id: 'S7',
    step: 7,
    text: 'an untrusted workspace that brings hooks, faculties, skills and settings starts and sends nothing',
  },
  { id: 'S8', step: 5, text: 'a trusted hook or faculty that changes is asked about again' },
  { id: 'S9', step: 7, text: 'a SKILL.md that is code, a bomb, huge, or badly encoded' },
  {
    id: 'S10',
    step: 1,
    text: 'paths that lead out of the workspace, name devices, or are swapped between check and use',
  },
  { id: 'S11', step: 7, text: 'a created skill that carries instructions does nothing until it is accepted' },
  { id: 'S12', step: 2, text: 'markup, links, terminal sequences and bidi marks do nothing in any view' },
  { id: 'S13', step: 2, text: 'forged messages of a webview' },
  { id: 'S14', step: 1, text: 'the socket: another user, no token, a huge frame, a slow client' },
  { id: 'S15', step: 1, text: 'planted secrets are in no log, ledger, argument list or crash output' },
  { id: 'S16', step: 7, text: "instructions in memories, digests and children's outcomes stay data" },
  { id: 'S17', step: 3, text: 'SQL and JSON that try to break out, and notifications over 8,000 bytes' },
  { id: 'S18', step: 1, text: 'values on the command line that look like flags' },
  { id: 'S19', step: 8, text: 'core.fsmonitor of a repository does not run when git does' },
  {
    id: 'S20',
    step: 1,
    text: "an agent's command that calls our own CLI to trust (and, as they come, approve, answer, accept)",
  },
];

export const REQUIREMENTS: readonly Requirement[] = [...BEHAVIOURS, ...FAULTS, ...ABUSES];
