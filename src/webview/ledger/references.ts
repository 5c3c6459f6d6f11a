/** What the data of an entry refers to. It is JSON of a model's making: anything may be in it. */
import type { JsonObject, JsonValue } from '../../protocol/json.ts';
import { fileReference, type LinkTarget } from '../shared/links.ts';

export type FileReference = { label: string; target: LinkTarget | null };

const MOST_FILES = 50;

export function filesOf(data: JsonObject): FileReference[] {
  const { files } = data;
  if (!Array.isArray(files)) return [];
  return files.slice(0, MOST_FILES).flatMap((file) => {
    const label = labelOf(file);
    return label === null ? [] : [{ label, target: fileReference(label) }];
  });
}

function labelOf(file: JsonValue): string | null {
  if (typeof file === 'string') return file.trim() || null;
  if (file === null || typeof file !== 'object' || Array.isArray(file)) return null;
  const { path, line } = file;
  if (typeof path !== 'string') return null;
  return typeof line === 'number' && Number.isInteger(line) && line > 0 ? `${path}:${line}` : path;
}

/** The rest of the data, for those who want to see it. */
export function otherData(data: JsonObject): JsonObject | null {
  const rest = Object.entries(data).filter(([name]) => name !== 'files' && name !== 'author');
  return rest.length > 0 ? Object.fromEntries(rest) : null;
}

/** A person's note says whose it is. */
export function authorOf(data: JsonObject): string | null {
  return typeof data.author === 'string' && data.author.trim() !== '' ? data.author : null;
}
