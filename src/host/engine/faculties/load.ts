/** Reads one faculty file. What is wrong with it is data: a broken file never hides the others. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse, TomlError } from 'smol-toml';
import { locateIssue } from '../../config/toml-location.ts';
import { type Faculty, type FacultyProblem, facultySchema } from './schema.ts';

const MAX_FILE_BYTES = 256 * 1024;

export function loadFaculty(file: string, origin: Faculty['origin']): Faculty | FacultyProblem {
  const next = `Correct the file; it is read again by itself.`;
  try {
    const text = readText(file);
    const parsed = facultySchema.safeParse(parse(text));
    if (!parsed.success) {
      return { file, message: parsed.error.issues.map((issue) => locateIssue(file, text, issue)).join('\n'), next };
    }
    return withPrompt({ ...parsed.data.faculty, mcp: parsed.data.mcp }, file, origin);
  } catch (error) {
    return { file, message: describe(file, error), next };
  }
}

function withPrompt(faculty: Omit<Faculty, 'origin' | 'file' | 'prompt'>, file: string, origin: Faculty['origin']) {
  const { system_prompt: inline, system_prompt_file: promptFile } = faculty.engage;
  if (inline !== null && promptFile !== null) {
    throw new Error(`faculty.engage: give system_prompt or system_prompt_file, not both`);
  }
  const prompt = promptFile === null ? (inline ?? '') : readText(path.resolve(path.dirname(file), promptFile));
  return { ...faculty, origin, file, prompt: prompt.trim() };
}

function readText(file: string): string {
  const bytes = readFileSync(file);
  if (bytes.length > MAX_FILE_BYTES) throw new Error(`${file} is larger than 256 KiB`);
  return bytes.toString('utf8');
}

function describe(file: string, error: unknown): string {
  if (error instanceof TomlError) {
    return `${file}:${error.line}:${error.column}: not TOML: ${error.message.split('\n')[0]?.replace(/^Invalid TOML document: /, '')}`;
  }
  return `${file}: ${(error as Error).message}`;
}
