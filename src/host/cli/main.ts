/** `animus`: one more client of the host. Parses, runs one command, and ends with a code that a script can rely on. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { AnimusError } from '../../protocol/errors.ts';
import { entryType } from '../../protocol/focus.ts';
import { workState } from '../../protocol/work.ts';
import { readBuildInfo } from '../../rendezvous/build-info.ts';
import { answer, questions } from './commands/answer.ts';
import { approvalsAllow, approvalsDeny, approvalsForget, approvalsList } from './commands/approvals.ts';
import { awareness } from './commands/awareness.ts';
import { changesList, changesShow, changesUndo } from './commands/changes.ts';
import { dbBackup, dbMove, dbRestore } from './commands/db.ts';
import { demo } from './commands/demo.ts';
import { facultyAccept, facultyList, facultyReview } from './commands/faculty.ts';
import { focusContext } from './commands/focus.ts';
import { hooksAccept, hooksList } from './commands/hooks.ts';
import { hostStart, hostStatus, hostStop } from './commands/host.ts';
import { ledgerShow } from './commands/ledger.ts';
import { modelList, modelTest } from './commands/model.ts';
import { personEnroll, personInvite, personList, personRemove, personReset } from './commands/person.ts';
import { status } from './commands/status.ts';
import { toolList } from './commands/tool.ts';
import { trust } from './commands/trust.ts';
import { workList, workShow, workSubmit, workWait } from './commands/work.ts';
import { workFollowUp, workRetry } from './commands/work-again.ts';
import { workPause, workResume } from './commands/work-hold.ts';
import { workMessage } from './commands/work-message.ts';
import { workDelete, workMove } from './commands/work-move.ts';
import { workCancel, workTree } from './commands/work-tree.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { type CliSession, type GlobalOptions, openSession } from './session.ts';
import { plain } from './terminal.ts';

const EXIT_CODES = `
Exit codes: 0 done, 1 the work failed, 2 usage, 3 host or store unreachable,
4 waiting for a person, 5 refused (trust, permission), 130 interrupted.`;

type Run<Args extends unknown[], Options> = (session: CliSession, options: Options, ...args: Args) => Promise<number>;

/** Commander hands over arguments, then options, then the command. */
function action<Args extends unknown[], Options>(run: Run<Args, Options>) {
  return async (...received: unknown[]) => {
    const command = received.at(-1) as Command;
    const args = received.slice(0, -2) as Args;
    const all = command.optsWithGlobals<GlobalOptions & Options>();
    let session: CliSession | undefined;
    try {
      session = openSession({ ...all, json: all.json ?? false });
      process.exitCode = await run(session, all, ...args);
    } catch (error) {
      process.exitCode = report(error, all.json ?? false);
    } finally {
      for (const client of session?.clients ?? []) await client.close();
    }
  };
}

/** What happened, and on a line of its own what to do. */
function report(error: unknown, json: boolean): number {
  const code = exitCodeOf(error);
  const known = error instanceof AnimusError;
  const kind = known ? error.kind : 'internal';
  const message = known ? error.message : `An error of the command's own: ${(error as Error).stack ?? error}`;
  const next = known ? error.next : '';
  if (json) process.stdout.write(`${plain(JSON.stringify({ error: { kind, message, next } }))}\n`);
  else process.stderr.write(`error: ${plain(message)}\n${next ? `  ${plain(next)}\n` : ''}`);
  return code;
}

function wholeNumber(text: string): number {
  if (!/^-?\d+$/.test(text)) throw new InvalidArgumentError('expected a whole number');
  return Number(text);
}

function jsonObjectText(text: string): unknown {
  try {
    const value = JSON.parse(text) as unknown;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch (error) {
    throw new InvalidArgumentError(`not JSON: ${(error as Error).message}`);
  }
  throw new InvalidArgumentError('expected a JSON object, like {"key": "value"}');
}

function secondsNumber(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('expected a number of seconds');
  return value;
}

function dollarsNumber(text: string): number {
  const value = Number(text.replace(/^\$/, ''));
  if (!(value > 0)) throw new InvalidArgumentError('expected an amount in dollars');
  return value;
}

function buildProgram(): Command {
  const program = new Command('animus')
    .description('Agents as a durable service: submit work, an agent does it, read its ledger.')
    .version(readBuildInfo(import.meta.dirname).version)
    .option('--json', 'print JSON, and nothing else, to standard output')
    .option('--workspace <folder>', 'the folder the work is about (default: found from the current one)')
    .addHelpText('after', EXIT_CODES)
    .configureOutput({ writeErr: (text) => process.stderr.write(plain(text)) })
    .exitOverride();
  program
    .command('demo')
    .description('submit a survey of this folder, watch it being done, and show its ledger')
    .option('--trust', 'trust this folder without being asked')
    .action(action(demo));
  program.command('status').description('how the host and its queue are').action(action(status));
  program.command('trust').description('let agents work in this folder').action(action(trust));
  program.command('questions').description('what work asks people').action(action(questions));
  program
    .command('answer')
    .argument('[id]', 'a question, or the work that asks it (default: the only one there is)')
    .argument('[text...]', 'the answer in words; of a budget: the new limit')
    .option('--choice <n>', 'the answer that has this number', wholeNumber)
    .description('answer what work asks, and let it go on; without an answer: list what is asked')
    .action(action(answer));
  addWork(program.command('work').description('submit work, and see what became of it'));
  addLedger(program.command('ledger').description('what agents recorded'));
  addFocus(program.command('focus').description('what an attempt at work went through'));
  program
    .command('awareness')
    .description('what a focus is told of the other work here')
    .option('-f, --faculty <name>', 'as the next focus of this faculty would get it', 'general')
    .option('--focus <id>', 'as this focus got it when it began')
    .action(action(awareness));
  addApprovals(program.command('approvals').description('calls that ask for your permission'));
  addPerson(program.command('person').description('who may approve, answer, trust and accept here'));
  addHooks(program.command('hooks').description('commands that look at what agents do, and may stop it'));
  addChanges(program.command('changes').description('what agents did to files, and undoing it'));
  addDatabase(program.command('db').description('the store as a whole'));
  addFaculty(program.command('faculty').description('the roles that take up work'));
  addModel(program.command('model').description('the models that can do the work'));
  const tool = program.command('tool').description("tools of VS Code's extensions, which faculties may name");
  tool.command('list').description('list those of the windows that are open on this folder').action(action(toolList));
  const host = program.command('host').description('the process that does the work');
  host.command('start').description('start it, where none runs').action(action(hostStart));
  host
    .command('stop')
    .description('let running work end at its next recorded point, then leave')
    .action(action(hostStop));
  host.command('status').description('say whether it runs, without starting it').action(action(hostStatus));
  return program;
}

function addWork(work: Command): void {
  work
    .command('submit')
    .description('queue a work item')
    .argument('<text...>', 'what is to be done; - reads it from standard input')
    .option('-f, --faculty <name>', 'which faculty takes it up', 'general')
    .option('--params <json>', 'parameters, a JSON object', jsonObjectText)
    .option('--priority <n>', 'higher first', wholeNumber, 0)
    .option('--dedup', 'merge with open work that asks the same')
    .option('--dedup-key <key>', 'merge with open work of the same faculty that has this key')
    .option('--delay <seconds>', 'not before so many seconds', secondsNumber)
    .option('--max-attempts <n>', 'failed attempts after which it is dead', wholeNumber)
    .option('--max-turns <n>', 'turns it may take', wholeNumber)
    .option('--max-tokens <n>', 'tokens that it and all below it may use', wholeNumber)
    .option('--max-cost <usd>', 'what it and all below it may cost', dollarsNumber)
    .option('--max-duration <seconds>', 'how long it and all below it may run', secondsNumber)
    .option('--allow-unknown', 'queue it although no host here knows the faculty')
    .option('--trust', 'trust this folder without being asked')
    .option('--wait', 'wait for the outcome, showing progress')
    .action(action(workSubmit));
  work
    .command('list')
    .description('list work items, newest first')
    .addOption(new Option('--state <state...>', 'only these').choices(workState.options))
    .option('--faculty <name>', 'only of this faculty')
    .option('--parent <id>', 'only children of this one')
    .option('--limit <n>', 'at most so many', wholeNumber, 50)
    .action(action(workList));
  work.command('show').argument('<id>').description('one work item, whole').action(action(workShow));
  work.command('tree').argument('<id>').description('one work item with all work below it').action(action(workTree));
  work
    .command('cancel')
    .argument('<id>')
    .description('end a work item, and all open work below it')
    .option('--no-tree', 'leave the work below it')
    .action(action(workCancel));
  work
    .command('wait')
    .argument('<id>')
    .description('wait for the outcome')
    .option('--timeout <seconds>', 'give up waiting after so many', secondsNumber)
    .action(action(workWait));
  work
    .command('retry')
    .argument('<id>', 'work that is dead, was cancelled, or ended without success')
    .description('queue it once more; the new item knows what was recorded')
    .option('--wait', 'wait for the outcome, showing progress')
    .action(action(workRetry));
  work
    .command('follow-up')
    .argument('<id>', 'finished work')
    .argument('<text...>', 'what is to be done next; - reads it from standard input')
    .description('queue work that starts from what was recorded and what came of it')
    .option('--wait', 'wait for the outcome, showing progress')
    .action(action(workFollowUp));
  work
    .command('message')
    .argument('<id>', 'open work')
    .argument('<text...>', 'what to say; - reads it from standard input')
    .description('say something to work that is under way')
    .action(action(workMessage));
  work
    .command('pause')
    .argument('[id]', 'open work; all open work below it pauses too')
    .description('hold work: what runs ends at its next recorded point, nothing begins')
    .option('--all', 'all work of this folder, also what comes')
    .action(action(workPause));
  work
    .command('resume')
    .argument('[id]', 'paused work; all that is paused below it goes on too')
    .description('let paused work go on where it was')
    .option('--all', 'all work of this folder, but for what was paused by itself')
    .action(action(workResume));
  work
    .command('move')
    .argument('<id>', 'open work at the root of its tree')
    .requiredOption('--to <place>', 'another working copy: its folder, machine:folder, or id; . for this one')
    .description('let work go on in another working copy of the same database, from its ledger')
    .action(action(workMove));
  work
    .command('delete')
    .argument('<id>', 'finished work')
    .description('remove it for good, with its ledger and all below it')
    .option('--yes', 'without being asked')
    .action(action(workDelete));
}

function addLedger(ledger: Command): void {
  ledger
    .command('show')
    .argument('<id>', 'a work item')
    .description('the entries of its ledger')
    .addOption(new Option('--type <type>', 'only entries of this type').choices(entryType.options))
    .option('--last <n>', 'only the newest so many', wholeNumber)
    .option('--search <words>', 'only entries with these words')
    .option('--formatted', 'grouped by type, as the next attempt would read it')
    .action(action(ledgerShow));
}

function addModel(model: Command): void {
  model
    .command('list')
    .argument('[provider]', 'only this one, with all its models')
    .description('list providers and their models, and what is missing for the others')
    .action(action(modelList));
  model
    .command('test')
    .argument('[model]', 'provider/model (default: what answers without another choice)')
    .description('ask a model one small thing: whether it answers, how fast, and what is wrong where it does not')
    .action(action(modelTest));
}

function addFocus(focus: Command): void {
  focus
    .command('context')
    .argument('<id>', 'a focus, or a work item for its newest one')
    .description('what the model saw at a turn, with stubs for what had left its context')
    .option('--turn <n>', 'at this turn (default: the newest that it answered)', wholeNumber)
    .action(action(focusContext));
}

function addApprovals(approvals: Command): void {
  approvals
    .command('list', { isDefault: true })
    .description('what waits for you, and the rules you made')
    .action(action(approvalsList));
  const scopes = (command: Command) =>
    command
      .argument('<id>', 'as the list shows it')
      .option('--focus', 'for all of this focus that the pattern is about')
      .option('--rule', 'for all work here that the pattern is about, from now on')
      .option('--pattern <pattern>', 'as in run_command(git *); without it: this very call')
      .option('--reason <text>', 'told to the agent where it is refused');
  scopes(approvals.command('allow')).description('let it run').action(action(approvalsAllow));
  scopes(approvals.command('deny')).description('refuse it').action(action(approvalsDeny));
  approvals.command('forget').argument('<rule>').description('remove a rule').action(action(approvalsForget));
}

function addPerson(person: Command): void {
  person
    .command('list', { isDefault: true })
    .description('the windows and terminals that may')
    .action(action(personList));
  person
    .command('enroll')
    .argument('[code]', 'from where somebody is enrolled; the first one here needs none')
    .description('let this terminal decide')
    .action(action(personEnroll));
  person.command('invite').description('a code for one more window or terminal').action(action(personInvite));
  person
    .command('remove')
    .argument('<id>', 'as the list shows it')
    .description('take it from one of them')
    .action(action(personRemove));
  person.command('reset').description('start over, where every key is lost').action(action(personReset));
}

function addHooks(hooks: Command): void {
  hooks.command('list', { isDefault: true }).description('list them, and what they wait for').action(action(hooksList));
  hooks
    .command('accept')
    .argument('<name>', 'a hook of this workspace')
    .option('--hash <hash>', 'only if its content is still this one')
    .description('let it run as it is now; a change asks again')
    .action(action(hooksAccept));
}

function addFaculty(faculty: Command): void {
  faculty.command('list').description('list them, and what is wrong with the others').action(action(facultyList));
  faculty
    .command('review')
    .description('what the faculties of this workspace would run, and what changed since you accepted them')
    .action(action(facultyReview));
  faculty
    .command('accept')
    .option('--hash <hash>', 'only if their content is still this one')
    .option('--yes', 'what lies there now, without being asked')
    .description('let the faculties of this workspace be used as they are now; a change asks again')
    .action(action(facultyAccept));
}

function addChanges(changes: Command): void {
  changes
    .command('list')
    .argument('<id>', 'a work item')
    .description('the files it changed, oldest first')
    .option('--diff', 'with what changed in them')
    .action(action(changesList));
  changes
    .command('show')
    .argument('<id>', 'a work item')
    .argument('<change>', 'one of its changes')
    .description('one change, whole')
    .action(action(changesShow));
  changes
    .command('undo')
    .argument('<id>', 'a work item')
    .argument('[change]', 'one of its changes')
    .option('--all', 'all of them, the newest first')
    .description('put back what a file held before, where nothing has changed it since')
    .action(action(changesUndo));
}

function addDatabase(db: Command): void {
  db.command('backup')
    .argument('[file]', 'a new file (default: in the backups folder of the store)')
    .description('pack the embedded store into one file, while work goes on')
    .action(action(dbBackup));
  db.command('restore')
    .argument('<file>', 'what animus db backup made')
    .description('put a backup in the place of the embedded store; no host may run')
    .action(action(dbRestore));
  db.command('move')
    .argument('<url>', 'postgres://…')
    .description('copy the embedded store to a Postgres server, and leave it for that')
    .action(action(dbMove));
}

async function main(): Promise<void> {
  process.once('SIGINT', () => {
    process.stderr.write('\nInterrupted. Submitted work goes on; animus work list shows it.\n');
    process.exit(EXIT.interrupted);
  });
  // A reader that left (`animus … | head`) is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT.done);
    throw error;
  });
  try {
    await buildProgram().parseAsync();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Commander has said what was wrong.
    process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
  }
}

await main();
