/**
 * What comes in from the extension. Its bytes were validated there, against the schemas; here only the outline is looked
 * at, so that a stray message breaks nothing and no schema library has to be shipped to a page.
 */

type Tagged = { type: string };

/** For each type, the fields that must be arrays and those that must be objects. */
export type MessageOutline<Message extends Tagged> = Record<
  Message['type'],
  { arrays?: readonly string[]; objects?: readonly string[] }
>;

export function hasOutline<Message extends Tagged>(data: unknown, outline: MessageOutline<Message>): data is Message {
  if (!isObject(data) || typeof data.type !== 'string' || !Object.hasOwn(outline, data.type)) return false;
  const { arrays = [], objects = [] } = outline[data.type as Message['type']];
  return arrays.every((name) => Array.isArray(data[name])) && objects.every((name) => isObject(data[name]));
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
