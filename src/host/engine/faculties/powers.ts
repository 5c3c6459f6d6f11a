/** What a faculty could do that a person should know of before they accept it. */
import { folderOf, folderVariables } from './faculty-folder.ts';
import { type Faculty, FOLDER_MARK } from './schema.ts';

/** Something that it has run, or asks, as you. */
export type Start = { what: string; runs: string };

const PHASES = ['orient', 'engage', 'consolidate', 'recover'] as const;

/** Every command and server that it names. What is called a command is one, whichever phase it belongs to. */
export function startsOf(faculty: Faculty): Start[] {
  const commands = PHASES.flatMap((phase) => {
    const settings: Record<string, unknown> = faculty[phase];
    return ['verify', 'command'].flatMap((key) => {
      const runs = settings[key];
      return typeof runs === 'string' ? [{ what: key === 'verify' ? key : phase, runs }] : [];
    });
  });
  const servers = Object.entries(faculty.mcp.servers).map(([name, server]) => {
    const runs = serverText(server, folderVariables(faculty));
    return { what: `MCP server ${name}`, runs: runs.replaceAll(folderOf(faculty), () => FOLDER_MARK) };
  });
  return [...commands, ...servers];
}

/** `ours`: what every command of a faculty gets. */
function serverText(server: Faculty['mcp']['servers'][string], ours: Readonly<Record<string, string>>): string {
  if ('url' in server) {
    const headers = Object.keys(server.headers);
    const sends = [
      ...(headers.length > 0 ? [`with the headers ${headers.join(', ')}`] : []),
      ...(server.bearer_env ? [`with the token in ${server.bearer_env} of the host's environment`] : []),
    ];
    return [server.url, ...sends].join(', ');
  }
  const { command, args, cwd, env, pass_env: passed } = server;
  const own = Object.entries(env).filter(([name, value]) => ours[name] !== value);
  const variables = own.map(([name, value]) => `${name}=${quoted(value)}`);
  const gets = [
    ...(cwd === undefined ? [] : [`in ${cwd}`]),
    ...(variables.length > 0 ? [`with ${variables.join(' ')}`] : []),
    ...(passed.length > 0 ? [`with ${passed.join(', ')} of the host's environment`] : []),
  ];
  return [[command, ...args].map(quoted).join(' '), ...gets].join(', ');
}

/** So that what is one argument reads as one. */
function quoted(text: string): string {
  return /^[\w./:=@%+${}-]+$/.test(text) ? text : JSON.stringify(text);
}

/** A name that would mean another faculty, or none, without this one. */
export type Taken = { name: string; from: Faculty };

/** Of the others' names and aliases, those that mean `faculty` where both are there. */
export function takenBy(faculty: Faculty, others: readonly Faculty[]): Taken[] {
  const holder = (wanted: string, match: (other: Faculty) => boolean): Taken[] => {
    const from = others.find(match);
    return from ? [{ name: wanted, from }] : [];
  };
  const { name, accepts } = faculty;
  const byName = others.some((other) => other.name === name)
    ? holder(name, (other) => other.name === name)
    : holder(name, (other) => other.accepts.includes(name));
  const unnamed = accepts.filter((alias) => !others.some((other) => other.name === alias));
  return [...byName, ...unnamed.flatMap((alias) => holder(alias, (other) => other.accepts.includes(alias)))];
}
