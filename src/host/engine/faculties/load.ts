/** Reads one faculty file. What is wrong with it is data: a broken file never hides the others. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse, TomlError } from 'smol-toml';
import { locateIssue } from '../../config/toml-location.ts';
import { placeServers } from './faculty-folder.ts';
import { type Faculty, type FacultyFile, type FacultyProblem, facultySchema } from './schema.ts';

const MAX_FILE_BYTES = 256 * 1024;

/** Gives the bytes of a file by its absolute path, or throws with why not. */
export type ReadFile = (file: string) => Buffer;

/** `read`: a workspace's faculty consists of nothing but what was accepted together. */
export function loadFaculty(
  file: string,
  origin: Faculty['origin'],
  read: ReadFile = (one) => readFileSync(one),
): Faculty | FacultyProblem {
  const next = `Correct the file; it is read again by itself.`;
  try {
    const text = readText(file, read);
    const parsed = facultySchema.safeParse(parse(text));
    if (!parsed.success) {
      return { file, message: parsed.error.issues.map((issue) => locateIssue(file, text, issue)).join('\n'), next };
    }
    const { faculty, mcp } = parsed.data;
    const servers = placeServers(mcp.servers, { file, origin });
    return { ...faculty, mcp: { servers }, origin, file, prompt: promptOf(faculty, file, read) };
  } catch (error) {
    return { file, message: describe(file, error), next };
  }
}

function promptOf({ engage }: FacultyFile['faculty'], file: string, read: ReadFile): string {
  const { system_prompt: inline, system_prompt_file: promptFile } = engage;
  if (inline !== null && promptFile !== null) {
    throw new Error(`faculty.engage: give system_prompt or system_prompt_file, not both`);
  }
  const text = promptFile === null ? (inline ?? '') : readText(path.resolve(path.dirname(file), promptFile), read);
  return text.trim();
}

function readText(file: string, read: ReadFile): string {
  const bytes = read(file);
  if (bytes.length > MAX_FILE_BYTES) throw new Error(`${file} is larger than 256 KiB`);
  return bytes.toString('utf8');
}

function describe(file: string, error: unknown): string {
  if (error instanceof TomlError) {
    return `${file}:${error.line}:${error.column}: not TOML: ${error.message.split('\n')[0]?.replace(/^Invalid TOML document: /, '')}`;
  }
  return `${file}: ${(error as Error).message}`;
}
