/** What a tool of VS Code gave, as one text of bounded length. Knows nothing of VS Code. */
import { TOOL_TEXT_MAX } from '../../protocol/window-tools.ts';

export type ResultPart =
  | { kind: 'text'; text: string }
  | { kind: 'data'; mediaType: string; data: Uint8Array }
  /** What `@vscode/prompt-tsx` renders: a tree whose leaves are texts. */
  | { kind: 'prompt'; value: unknown }
  /** Newer VS Codes have more. */
  | { kind: 'unknown' };

const NOTHING = 'The tool gave no result.';
/** Of a tree, in levels: none that was rendered comes near it. */
const DEEPEST = 500;
/** Room for saying that there was more. */
const CUT_NOTE = 100;

export function resultText(parts: readonly ResultPart[]): string {
  const text = parts.map(partText).join('\n').replaceAll('\0', '\ufffd').toWellFormed();
  if (text.trim() === '') return NOTHING;
  if (text.length <= TOOL_TEXT_MAX) return text;
  const kept = TOOL_TEXT_MAX - CUT_NOTE;
  return `${text.slice(0, kept)}\n[cut: ${text.length - kept} more characters]`.toWellFormed();
}

function partText(part: ResultPart): string {
  switch (part.kind) {
    case 'text':
      return part.text;
    case 'data':
      return isText(part.mediaType)
        ? new TextDecoder().decode(part.data)
        : `[${part.mediaType}, ${part.data.byteLength} bytes: not shown]`;
    case 'prompt':
      return promptText(part.value);
    case 'unknown':
      return '[a part of a kind that Animus does not know: not shown]';
  }
}

function isText(mediaType: string): boolean {
  const [type = ''] = mediaType.toLowerCase().split(';');
  return type.startsWith('text/') || type === 'application/json' || type.endsWith('+json');
}

/** The kinds of nodes in the tree; in a piece, what stands for an image. */
const TEXT_NODE = 2;
const IMAGE_PIECE = 3;

function promptText(value: unknown): string {
  const texts: string[] = [];
  collect(fieldsOf(value).node, texts, 0);
  return texts.join('');
}

function collect(node: unknown, texts: string[], depth: number): void {
  const { type, text, lineBreakBefore, ctor, children } = fieldsOf(node);
  if (type === TEXT_NODE) {
    if (lineBreakBefore) texts.push('\n');
    if (typeof text === 'string') texts.push(text);
  } else if (ctor === IMAGE_PIECE) {
    texts.push('[an image: not shown]');
  } else if (Array.isArray(children) && depth < DEEPEST) {
    for (const child of children) collect(child, texts, depth + 1);
  }
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
