/**
 * From what a model wrote to HTML, without a page. Markup in the text is text; images are their description; a link is an
 * element without an address that says in data attributes what was meant. rich-text.tsx sanitises what comes from here.
 */
import MarkdownIt from 'markdown-it';
import { fileInCode, type LinkTarget, linkTarget } from './links.ts';
import { visibleText } from './visible-text.ts';

/** Longer texts are shown as they are: laying them out would hold up the view. */
export const LONGEST_MARKDOWN = 100_000;

const markdown = createMarkdown();
type Token = ReturnType<typeof markdown.parse>[number];

export function renderMarkdown(text: string): string {
  const tokens = markdown.parse(visibleText(text), {});
  for (const token of tokens) tameToken(token);
  return markdown.renderer.render(tokens, markdown.options, {});
}

function createMarkdown() {
  const created = new MarkdownIt({ html: false, linkify: true, typographer: false, breaks: true });
  created.linkify.set({ fuzzyLink: false, fuzzyEmail: false, fuzzyIP: false });
  for (const scheme of ['ftp:', 'mailto:', '//']) created.linkify.add(scheme, null);
  created.validateLink = (url) => linkTarget(url) !== null;
  // The address as it is written: decoding it could show another host than the one that opens.
  created.normalizeLinkText = (url) => url;
  created.renderer.rules.link_open = (tokens, at) => openTag(targetOf(tokens[at]));
  created.renderer.rules.link_close = () => '</a>';
  created.renderer.rules.code_inline = (tokens, at) => inlineCode(tokens[at]?.content ?? '');
  created.renderer.rules.fence = (tokens, at) => block(tokens[at]?.content ?? '');
  created.renderer.rules.code_block = (tokens, at) => block(tokens[at]?.content ?? '');
  created.renderer.rules.image = (tokens, at) => imageText(tokens[at]);
  return created;

  function inlineCode(content: string): string {
    const file = fileInCode(content);
    const code = `<code>${created.utils.escapeHtml(content)}</code>`;
    return file ? `${openTag(file)}${code}</a>` : code;
  }

  function block(content: string): string {
    return `<pre><code>${created.utils.escapeHtml(content)}</code></pre>\n`;
  }

  function imageText(token: { content: string } | undefined): string {
    return `<em>${created.utils.escapeHtml(`[image: ${token?.content || 'without a description'}]`)}</em>`;
  }

  function openTag(target: LinkTarget | null): string {
    const attribute = (name: string, value: string) => ` ${name}="${created.utils.escapeHtml(value)}"`;
    if (target === null) return '<a>';
    const common = '<a role="link" tabindex="0"';
    if (target.kind === 'link')
      return `${common}${attribute('data-href', target.href)}${attribute('title', target.href)}>`;
    const line = target.line === null ? '' : attribute('data-line', String(target.line));
    return `${common}${attribute('data-path', target.path)}${line}>`;
  }
}

function targetOf(token: Token | undefined): LinkTarget | null {
  return linkTarget(String(token?.attrGet('href') ?? ''));
}

/** Entities are decoded by now, and may have brought hidden characters; alignment would come as a style. */
function tameToken(token: Token): void {
  token.content = visibleText(token.content);
  if (token.attrs) {
    token.attrs = token.attrs
      .filter(([name]) => name === 'href' || name === 'start')
      .map(([name, value]) => [name, visibleText(String(value))]);
  }
  for (const child of token.children ?? []) tameToken(child);
}
