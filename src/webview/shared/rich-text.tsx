/**
 * Shows what a model wrote. This is the one place where markup becomes elements: the HTML of markdown.ts is taken apart by
 * DOMPurify, down to a short list of tags, and put in as nodes. Nothing in it has an address to load or follow; a press on
 * a link asks the extension, which checks it again.
 */
import createDOMPurify from 'dompurify';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { useListener } from './listener.ts';
import { LONGEST_MARKDOWN, renderMarkdown } from './markdown.ts';
import type { OpenMessage } from './opening.ts';
import { PlainText } from './plain-text.tsx';

const ALLOWED_TAGS = [
  ...['p', 'br', 'hr', 'blockquote', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'ul', 'ol', 'li', 'pre', 'code'],
  ...['em', 'strong', 's', 'a', 'table', 'thead', 'tbody', 'tr', 'th', 'td'],
];
const ALLOWED_ATTR = ['data-href', 'data-path', 'data-line', 'role', 'tabindex', 'title', 'start'];

const purifier = createDOMPurify(window);

export function sanitize(html: string): DocumentFragment {
  return purifier.sanitize(html, {
    ALLOWED_TAGS,
    ALLOWED_ATTR,
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    ALLOW_UNKNOWN_PROTOCOLS: false,
    RETURN_DOM_FRAGMENT: true,
  });
}

type Props = { text: string; onOpen(message: OpenMessage): void };

export function RichText({ text, onOpen }: Props) {
  const element = useRef<HTMLDivElement>(null);
  const isShort = text.length <= LONGEST_MARKDOWN;
  useLayoutEffect(() => {
    if (isShort) element.current?.replaceChildren(sanitize(renderMarkdown(text)));
  }, [text, isShort]);
  const open = (event: Event) => {
    const message = openMessageAt(event.target);
    if (!message) return;
    event.preventDefault();
    event.stopPropagation();
    onOpen(message);
  };
  useListener(element, 'click', open);
  useListener(element, 'keydown', (event) => {
    if (event.key === 'Enter') open(event);
  });
  return isShort ? <div class="rich-text" ref={element} /> : <PlainText text={text} />;
}

function openMessageAt(target: EventTarget | null): OpenMessage | undefined {
  const link = target instanceof Element ? target.closest<HTMLElement>('a[role="link"]') : null;
  if (!link) return undefined;
  const { href, path, line } = link.dataset;
  if (href) return { type: 'open_link', href };
  if (path) return { type: 'open_file', path, ...(line ? { line: Number(line) } : {}) };
  return undefined;
}
