/**
 * Who may import whom. The table below is the check and the diagram: read it first. A layer may import itself, the layers
 * it names, Node's own modules, and the packages it names.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..');

type Layer = { layers: readonly string[]; packages: readonly string[] };

/** Folder of the sources → what it may import. The longest folder that holds a file is its layer. */
const MAY_IMPORT: Record<string, Layer> = {
  // The wire: schemas and the types inferred from them.
  protocol: { layers: [], packages: ['zod'] },
  // What clients and hosts must agree on besides the wire: where a store lies, how they prove themselves.
  rendezvous: { layers: ['protocol'], packages: ['zod', 'vscode-jsonrpc/node'] },
  // Finding or starting a host and talking to it, for every client.
  // It knows whose keys must not enter the host's environment.
  client: { layers: ['protocol', 'rendezvous', 'host/providers'], packages: ['vscode-jsonrpc/node'] },

  // The only code that imports 'vscode'. Like the command it knows the host's configuration.
  extension: {
    layers: ['client', 'protocol', 'rendezvous', 'host/config', 'host/providers'],
    packages: ['vscode', 'zod'],
  },
  // Browser code. Of the protocol it takes types only: the schemas would triple what a page loads.
  webview: {
    layers: ['protocol'],
    packages: ['preact', 'preact/hooks', '@preact/signals', 'markdown-it', 'dompurify'],
  },

  // The command: a client that also knows the host's configuration.
  'host/cli': {
    layers: ['client', 'protocol', 'rendezvous', 'host/config', 'host/providers'],
    packages: ['commander'],
  },

  // The composition root: the files of host/ itself build everything and hand it on.
  host: {
    layers: ['protocol', 'rendezvous', 'host/*'],
    packages: ['zod'],
  },
  'host/api': {
    layers: [
      'protocol',
      'rendezvous',
      'host/engine',
      'host/store',
      'host/db',
      'host/llm',
      'host/process',
      'host/providers',
    ],
    packages: ['zod', 'vscode-jsonrpc/node'],
  },
  'host/engine/dispatch': {
    layers: ['rendezvous', 'host/engine/focus', 'host/engine/faculties', 'host/store', 'host/db'],
    packages: [],
  },
  'host/engine/focus': {
    layers: [
      'protocol',
      'rendezvous',
      'host/engine/awareness',
      'host/engine/engage',
      'host/engine/external',
      'host/engine/faculties',
      'host/engine/redaction',
      'host/engine/tools',
      'host/store',
      'host/llm',
      'host/mcp',
      'host/process',
      'host/db',
    ],
    packages: ['zod'],
  },
  // What a focus is told of other work. Used where a focus begins and where a turn closes.
  'host/engine/awareness': {
    layers: ['protocol', 'rendezvous', 'host/engine/faculties', 'host/store', 'host/llm', 'host/db'],
    packages: [],
  },
  // A program in the place of a model, and the tools that it may call. It calls nothing of the engine: the loop asks it.
  'host/engine/external': { layers: ['protocol', 'rendezvous', 'host/llm', 'host/process'], packages: ['zod'] },
  // The loop. It is handed its tools and its journal, and imports neither.
  'host/engine/engage': { layers: ['host/llm', 'host/db'], packages: ['zod'] },
  'host/engine/tools': {
    layers: [
      ...['protocol', 'rendezvous', 'host/engine/engage', 'host/store', 'host/db', 'host/llm', 'host/mcp'],
      ...['host/process', 'host/web'],
    ],
    packages: ['zod', 'diff'],
  },
  // A faculty's file holds permission patterns, which are checked where it is read.
  'host/engine/faculties': {
    layers: ['host/config', 'host/engine/acceptance', 'host/engine/permissions'],
    packages: ['zod', 'smol-toml'],
  },
  // Rules and approvals. It implements what the loop asks for, and uses the globs and paths of the tools.
  'host/engine/permissions': {
    layers: ['protocol', 'rendezvous', 'host/engine/engage', 'host/engine/tools', 'host/store', 'host/db'],
    packages: [],
  },
  // Files that begin with YAML between fences: hooks now, skills later. Nothing else sees the parser.
  'host/engine/frontmatter': { layers: [], packages: ['gray-matter'] },
  // What a person accepted by its content, as the store has it, and copies of it.
  'host/engine/acceptance': { layers: ['rendezvous', 'host/store', 'host/db'], packages: [] },
  // Engage hooks: they implement what the loop asks for, and start processes.
  'host/engine/hooks': {
    layers: [
      'protocol',
      'rendezvous',
      'host/engine/acceptance',
      'host/engine/engage',
      'host/engine/frontmatter',
      'host/engine/permissions',
      'host/process',
      'host/store',
      'host/db',
    ],
    packages: ['zod'],
  },
  'host/engine/redaction': { layers: ['protocol'], packages: [] },
  // What keeps a store well while nothing runs.
  'host/care': { layers: ['host/db', 'host/store'], packages: [] },
  'host/store': { layers: ['protocol', 'host/db'], packages: [] },
  'host/db': {
    layers: ['protocol'],
    packages: ['pg', '@electric-sql/pglite', '@electric-sql/pglite-pgvector'],
  },
  'host/llm': { layers: ['host/providers'], packages: ['zod', 'eventsource-parser', 'js-yaml'] },
  // Servers of the Model Context Protocol: their processes and connections.
  // The bounds of a schema are those of a window's tools.
  'host/mcp': {
    layers: ['protocol', 'rendezvous', 'host/process'],
    packages: ['@modelcontextprotocol/client', '@modelcontextprotocol/client/stdio'],
  },
  // Pages of the web: what may be reached, and text out of HTML.
  'host/web': { layers: [], packages: ['htmlparser2'] },
  'host/process': { layers: [], packages: [] },
  // The providers of models as data.
  'host/providers': { layers: [], packages: [] },
  'host/config': { layers: ['protocol', 'host/providers'], packages: ['zod', 'smol-toml'] },
  'host/telemetry': { layers: [], packages: [] },
};

/** Stores never import each other: what joins them lives in the engine. */
const STORES = 'host/store';

const LONGEST_FILE = 400;
const MEDIAN_FILE = 150;

type Source = { file: string; layer: string; lines: number; imports: string[] };

const IMPORT = /^\s*(?:import|export)\b[^'";]*?from\s*'([^']+)'|\bimport\(\s*'([^']+)'\s*\)|^\s*import\s*'([^']+)'/gm;

function readSources(): Source[] {
  const src = path.join(ROOT, 'src');
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => /\.tsx?$/.test(file));
  return files.map((name) => {
    const file = name.replaceAll(path.sep, '/');
    const text = readFileSync(path.join(src, name), 'utf8');
    const imports = [...text.matchAll(IMPORT)].flatMap((match) => match[1] ?? match[2] ?? match[3] ?? []);
    return { file, layer: layerOf(file), lines: text.split('\n').length - 1, imports };
  });
}

function layerOf(file: string): string {
  const folder = path.posix.dirname(file);
  const layers = Object.keys(MAY_IMPORT).filter((layer) => folder === layer || folder.startsWith(`${layer}/`));
  const [longest] = layers.sort((a, b) => b.length - a.length);
  assert.ok(longest, `src/${file} lies in no layer: add its folder to MAY_IMPORT, and say what it may import`);
  return longest;
}

function complaint(source: Source, specifier: string): string | undefined {
  const allowed = MAY_IMPORT[source.layer];
  if (!allowed || specifier.startsWith('node:')) return undefined;
  if (!specifier.startsWith('.')) {
    return allowed.packages.includes(specifier) ? undefined : `${source.layer} may not import the package ${specifier}`;
  }
  const target = path.posix.normalize(path.posix.join(path.posix.dirname(source.file), specifier));
  const layer = layerOf(target);
  if (layer === source.layer) return storeComplaint(source.file, target);
  const named = allowed.layers.some((name) =>
    name.endsWith('/*') ? layer.startsWith(name.slice(0, -1)) : layer === name || layer.startsWith(`${name}/`),
  );
  return named ? undefined : `${source.layer} may not import ${layer} (${target})`;
}

function storeComplaint(from: string, to: string): string | undefined {
  if (!from.startsWith(`${STORES}/`)) return undefined;
  const [a, b] = [from, to].map((file) => file.slice(STORES.length + 1).split('/')[0]);
  return a === b ? undefined : `the store ${a} may not import the store ${b}`;
}

function findCycle(sources: readonly Source[]): string[] | undefined {
  const edges = new Map(sources.map((source) => [source.file, localImports(source)]));
  const done = new Set<string>();
  const walk = (file: string, trail: string[]): string[] | undefined => {
    if (trail.includes(file)) return [...trail.slice(trail.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const next of edges.get(file) ?? []) {
      const cycle = walk(next, [...trail, file]);
      if (cycle) return cycle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of edges.keys()) {
    const cycle = walk(file, []);
    if (cycle) return cycle;
  }
  return undefined;
}

function localImports({ file, imports }: Source): string[] {
  return imports
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => path.posix.normalize(path.posix.join(path.posix.dirname(file), specifier)));
}

describe('architecture', () => {
  const sources = readSources();

  it('finds the sources and their imports', () => {
    assert.ok(sources.length > 50);
    assert.ok(sources.some(({ imports }) => imports.includes('zod')));
  });

  it('keeps each layer to what it may import', () => {
    const complaints = sources.flatMap((source) =>
      source.imports.flatMap((specifier) => {
        const found = complaint(source, specifier);
        return found ? [`src/${source.file}: ${found}`] : [];
      }),
    );
    assert.deepEqual(complaints, []);
  });

  it('lets webviews import types alone from the protocol', () => {
    const folder = path.join(ROOT, 'src/webview');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => /\.tsx?$/.test(file));
    const loads = files.filter((file) =>
      /^import (?!type )[^;]*from '[^']*protocol\//m.test(readFileSync(path.join(folder, file), 'utf8')),
    );
    assert.deepEqual(loads, []);
  });

  it('has no import cycle, type-only imports included', () => {
    assert.equal(findCycle(sources), undefined);
  });

  it('would see a forbidden import and a cycle', () => {
    const source = (file: string, ...imports: string[]) => ({ file, layer: layerOf(file), lines: 1, imports });
    assert.match(complaint(source('protocol/a.ts'), '../host/db/types.ts') ?? '', /protocol may not import host\/db/);
    assert.match(complaint(source('host/llm/a.ts'), 'pg') ?? '', /package pg/);
    assert.match(complaint(source('host/store/work/a.ts'), '../ledger/b.ts') ?? '', /store work may not import/);
    assert.equal(complaint(source('host/engine/focus/a.ts'), '../engage/b.ts'), undefined);
    const cycle = findCycle([source('protocol/a.ts', './b.ts'), source('protocol/b.ts', './a.ts')]);
    assert.deepEqual(cycle, ['protocol/a.ts', 'protocol/b.ts', 'protocol/a.ts']);
  });

  it('keeps files short enough to read at a sitting', () => {
    const long = sources.filter(({ lines }) => lines > LONGEST_FILE).map(({ file, lines }) => `${file}: ${lines}`);
    assert.deepEqual(long, []);
    const sorted = sources.map(({ lines }) => lines).sort((a, b) => a - b);
    const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
    assert.ok(median <= MEDIAN_FILE, `the median file has ${median} lines`);
  });

  it('runs tools in one place alone, behind the one enforcement point', () => {
    const read = (file: string) => readFileSync(path.join(ROOT, 'src', file), 'utf8');
    const invokes = /\b(?:tool|\w*Tool)\s*(?:\?\.|\.)\s*(?:run|evaluate)\b/;
    const invoking = sources.filter(({ file }) => file.startsWith('host/') && invokes.test(read(file)));
    assert.deepEqual(
      invoking.map(({ file }) => file),
      ['host/engine/engage/invoke-tool.ts'],
    );
    const entering = sources.filter(({ file }) => /from '[^']*\/invoke-tool\.ts'/.test(read(file)));
    const reached = entering.filter(({ file }) => /\brun(?:Store|World)Tool\b|\bevaluateTool\b/.test(read(file)));
    assert.deepEqual(
      reached.map(({ file }) => file),
      ['host/engine/engage/run-call.ts'],
    );
  });

  it('waives no rule of the linter or of the types', () => {
    const folders = ['bench', 'build', 'src', 'test'].map((name) => path.join(ROOT, name));
    const files = folders.flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => path.join(folder, file)),
    );
    const waiver = /biome-ignore[ -]|@ts-(?:ignore|nocheck|expect-error)\b/;
    const waiving = files.filter((file) => /\.(?:tsx?|css)$/.test(file) && waiver.test(readFileSync(file, 'utf8')));
    assert.deepEqual(waiving, []);
  });

  it('uses no vague file names', () => {
    const vague = sources.filter(({ file }) => /(^|[/-])(utils?|helpers?|manager|common|misc)[./-]/.test(file));
    assert.deepEqual(vague, []);
  });
});
