/**
 * Globs over workspace paths: `*`, `?`, `[a-z]`, `[!a-z]`, `{a,b}`, and `**` as a whole segment. Dot files match like
 * others. Matching takes time in proportion to pattern times path: a hostile pattern, from a model or from a .gitignore,
 * cannot stall the host as a translation to regular expressions could.
 */

/** A path matcher. `segments` are the path's parts between slashes. */
export type PathMatcher = (segments: readonly string[]) => boolean;

export type CompiledGlob = { kind: 'glob'; matches: PathMatcher } | { kind: 'invalid'; reason: string };

type Token =
  | { kind: 'character'; value: string }
  | { kind: 'any' }
  | { kind: 'star' }
  | { kind: 'set'; negated: boolean; ranges: readonly (readonly [from: number, to: number])[] };

type Segment = 'globstar' | readonly Token[];

const MOST_ALTERNATIVES = 64;

/**
 * Compiles a glob that a path as a whole must match. Without a slash it is compared with the last segment alone, so `*.ts`
 * finds files at any depth; a leading slash ties it to the top. `withFolder`: one that ends in `/**` is about that folder too.
 */
export function compileGlob(glob: string, { withFolder = false } = {}): CompiledGlob {
  const alternatives = expandBraces(glob);
  if (alternatives === undefined)
    return { kind: 'invalid', reason: `more than ${MOST_ALTERNATIVES} alternatives in { }` };
  const matchers = alternatives.flatMap((one) => {
    const relative = one.replace(/^(?:\.?\/)+/, '');
    const anywhere = relative === one && !one.includes('/');
    const folder = withFolder ? /^(?:(.*?)\/+)?\*\*(?:\/+\*\*)*\/*$/s.exec(relative) : null;
    return [compilePath(anywhere ? `**/${one}` : relative), ...(folder ? [compilePath(folder[1] ?? '')] : [])];
  });
  return { kind: 'glob', matches: (segments) => matchers.some((matches) => matches(segments)) };
}

/** Compiles one pattern without braces, for a path as a whole. A closing `**` stands for at least one segment. */
export function compilePath(pattern: string): PathMatcher {
  const parts = pattern.split('/').filter((part) => part !== '');
  const segments = parts.map((part): Segment => (part === '**' ? 'globstar' : tokensOf(part)));
  if (segments.at(-1) === 'globstar') segments.push([{ kind: 'star' }]);
  return (path) =>
    matchSequence(
      segments,
      path,
      (segment) => segment === 'globstar',
      (segment, part) => segment !== 'globstar' && matchSegment(segment, part),
    );
}

function matchSegment(tokens: readonly Token[], text: string): boolean {
  return matchSequence(tokens, Array.from(text), (token) => token.kind === 'star', matchToken);
}

/**
 * Whether all items are matched in order, where a wild part takes any number of them. Going back to the latest wild part
 * is enough: an earlier one could only take what the latest can take as well.
 */
function matchSequence<Part, Item>(
  parts: readonly Part[],
  items: readonly Item[],
  isWild: (part: Part) => boolean,
  matches: (part: Part, item: Item) => boolean,
): boolean {
  let at = 0;
  let wild = -1;
  let taken = 0;
  for (let item = 0; item < items.length; ) {
    const part = parts[at];
    if (part !== undefined && isWild(part)) {
      wild = at;
      taken = item;
      at += 1;
    } else if (part !== undefined && matches(part, items[item] as Item)) {
      at += 1;
      item += 1;
    } else if (wild >= 0) {
      taken += 1;
      item = taken;
      at = wild + 1;
    } else {
      return false;
    }
  }
  return parts.slice(at).every(isWild);
}

function matchToken(token: Token, character: string): boolean {
  switch (token.kind) {
    case 'character':
      return token.value === character;
    case 'set': {
      const code = character.codePointAt(0) ?? 0;
      return token.ranges.some(([from, to]) => from <= code && code <= to) !== token.negated;
    }
    case 'any':
    case 'star':
      return true;
  }
}

function tokensOf(part: string): Token[] {
  const characters = Array.from(part);
  const tokens: Token[] = [];
  let isUnclosed = false;
  for (let at = 0; at < characters.length; at += 1) {
    const character = characters[at] ?? '';
    const set: ClosedSet | undefined = character === '[' && !isUnclosed ? readSet(characters, at) : undefined;
    // Where one bracket is never closed no later one is: each would be looked for to the end.
    isUnclosed ||= character === '[' && set === undefined;
    if (set !== undefined) {
      tokens.push(set.token);
      at = set.end;
    } else if (character === '*') {
      if (tokens.at(-1)?.kind !== 'star') tokens.push({ kind: 'star' });
    } else if (character === '?') {
      tokens.push({ kind: 'any' });
    } else {
      if (character === '\\' && at + 1 < characters.length) at += 1;
      tokens.push({ kind: 'character', value: characters[at] ?? '' });
    }
  }
  return tokens;
}

type ClosedSet = { token: Token; end: number };

/** Reads `[…]` from its bracket on; undefined if it is never closed, and then the bracket stands for itself. */
function readSet(characters: readonly string[], start: number): ClosedSet | undefined {
  let at = start + 1;
  const negated = characters[at] === '!' || characters[at] === '^';
  if (negated) at += 1;
  const ranges: [number, number][] = [];
  // A closing bracket in the first place is a member.
  for (let first = true; at < characters.length; first = false, at += 1) {
    if (characters[at] === ']' && !first) return { token: { kind: 'set', negated, ranges }, end: at };
    if (characters[at] === '\\' && at + 1 < characters.length) at += 1;
    const from = characters[at]?.codePointAt(0) ?? 0;
    const to = characters[at + 1] === '-' && characters[at + 2] !== ']' ? characters[at + 2] : undefined;
    if (to !== undefined) at += 2;
    ranges.push([from, to?.codePointAt(0) ?? from]);
  }
  return undefined;
}

/** `a{b,c}d` as `abd` and `acd`, nested ones too; undefined over the bound. Braces without a comma stand for themselves. */
export function expandBraces(glob: string): string[] | undefined {
  const done: string[] = [];
  const open = [glob];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const braces = findBraces(next);
    if (braces === undefined) done.push(next);
    else {
      const before = next.slice(0, braces.start);
      const after = next.slice(braces.end + 1);
      open.push(...braces.alternatives.map((alternative) => before + alternative + after));
    }
    if (done.length + open.length > MOST_ALTERNATIVES) return undefined;
  }
  return done;
}

function findBraces(glob: string): { start: number; end: number; alternatives: string[] } | undefined {
  for (let start = 0; start < glob.length; start += 1) {
    if (glob[start] === '\\') start += 1;
    else if (glob[start] === '{') {
      const found = closeBraces(glob, start);
      if (found !== undefined && found.alternatives.length > 1) return { start, ...found };
    }
  }
  return undefined;
}

function closeBraces(glob: string, start: number): { end: number; alternatives: string[] } | undefined {
  const alternatives: string[] = [];
  let depth = 0;
  let from = start + 1;
  for (let at = start; at < glob.length; at += 1) {
    const character = glob[at];
    if (character === '\\') at += 1;
    else if (character === '{') depth += 1;
    else if (character === '}') depth -= 1;
    if (depth === 0 || (depth === 1 && character === ',')) {
      alternatives.push(glob.slice(from, at));
      from = at + 1;
    }
    if (depth === 0) return { end: at, alternatives };
  }
  return undefined;
}
