/** Keeps the host told of the tools that extensions registered in this window, for as long as it is connected. */
import type { HostClient } from '../../client/host-client.ts';
import { isDeeperThan } from '../../protocol/json.ts';
import {
  MOST_OFFERED_TOOLS,
  type OfferedTool,
  offeredTool,
  TOOL_DESCRIPTION_MAX,
  TOOL_OFFER_MAX,
  TOOL_SCHEMA_DEPTH_MAX,
  windowToolName,
} from '../../protocol/window-tools.ts';
import { Coalesced } from '../coalesce.ts';
import type { HostConnection } from '../host/connection.ts';
import type { Stop } from '../listeners.ts';

/** What is seen of a tool of VS Code. */
export type RegisteredTool = {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: object | undefined;
  readonly tags: readonly string[];
};

export type ToolOfferOptions = {
  connection: Pick<HostConnection, 'state' | 'onStateChange'>;
  list(): readonly RegisteredTool[];
  /** Whether a tool is Animus's own: an agent has those already. */
  isOwn(name: string): boolean;
  /** Of this process, as the host is told. */
  pid: number;
  log(level: 'info' | 'warn', message: string): void;
};

/** VS Code has no event for it. */
const LOOK_EVERY_MS = 3000;
/** Extensions register their tools one by one. */
const GATHER_MS = 50;

export class ToolOffers {
  #options: ToolOfferOptions;
  #offering: Coalesced;
  #stop: Stop;
  #timer: NodeJS.Timeout;
  #told: { client: HostClient; text: string } | undefined;
  #names: ReadonlySet<string> = new Set();
  #warned = '';

  constructor(options: ToolOfferOptions) {
    this.#options = options;
    const onError = (error: unknown) => this.#warn(error);
    this.#offering = new Coalesced(() => this.#offer(), GATHER_MS, onError);
    this.#stop = options.connection.onStateChange(({ kind }) => {
      if (kind === 'ready') this.#offering.wish();
    });
    this.#timer = setInterval(() => this.changed(), LOOK_EVERY_MS);
  }

  /** By VS Code's own name. */
  isOffered(name: string): boolean {
    return this.#names.has(name);
  }

  /** Tools may have come or gone. */
  changed(): void {
    const { state } = this.#options.connection;
    if (state.kind === 'ready') this.#offering.wish();
  }

  /** Before anything is submitted over a new connection, so that the first work knows them too. */
  async greet(client: HostClient): Promise<void> {
    try {
      await this.#tell(client);
    } catch (error) {
      // A host can be had without them.
      this.#warn(error);
    }
  }

  dispose(): void {
    clearInterval(this.#timer);
    this.#stop.dispose();
    this.#offering.dispose();
  }

  async #offer(): Promise<void> {
    const { state } = this.#options.connection;
    if (state.kind === 'ready' && state.client.isOpen) await this.#tell(state.client);
  }

  async #tell(client: HostClient): Promise<void> {
    const { list, isOwn, pid, log } = this.#options;
    const seen = list().filter(({ name }) => !isOwn(name));
    const text = JSON.stringify(
      seen.map(({ name, description, inputSchema, tags }) => [name, description, comparable(inputSchema), tags]),
    );
    if (this.#told?.client === client && this.#told.text === text) return;
    const { tools, leftOut } = toolOffersOf(seen);
    this.#names = new Set(tools.map(({ name }) => name));
    await client.request('tool/offer', { pid, tools });
    this.#told = { client, text };
    this.#warned = '';
    if (tools.length > 0) {
      log('info', `Faculties may name these tools: ${tools.map(({ name }) => windowToolName(name)).join(', ')}.`);
    }
    if (leftOut.length > 0) log('warn', `Tools that are not offered to agents: ${leftOut.join('; ')}.`);
  }

  /** Once for what is tried again and again. */
  #warn(error: unknown): void {
    const warning = `The tools of VS Code were not offered: ${String(error)}`;
    if (warning !== this.#warned) this.#options.log('warn', warning);
    this.#warned = warning;
  }
}

/** What the protocol takes of them, and why it does not take the rest. */
export function toolOffersOf(registered: readonly RegisteredTool[]): { tools: OfferedTool[]; leftOut: string[] } {
  const tools: OfferedTool[] = [];
  const leftOut: string[] = [];
  let size = 0;
  for (const tool of registered) {
    const parsed = offeredTool.safeParse(offerOf(tool));
    const own = JSON.stringify(parsed.data ?? '').length + 1;
    if (!parsed.success) leftOut.push(`${JSON.stringify(tool.name)} (${reasonOf(parsed.error.issues)})`);
    else if (tools.length >= MOST_OFFERED_TOOLS || size + own > TOOL_OFFER_MAX - 2)
      leftOut.push(`${tool.name} (too many)`);
    else {
      tools.push(parsed.data);
      size += own;
    }
  }
  return { tools, leftOut };
}

/** One that is too deep is left out as it is, and may be too deep for JSON as well. */
function comparable(schema: object | undefined): object | undefined {
  return isDeeperThan(schema, TOOL_SCHEMA_DEPTH_MAX) ? undefined : schema;
}

function offerOf({ name, description, inputSchema, tags }: RegisteredTool): unknown {
  return {
    name,
    description: String(description ?? '')
      .slice(0, TOOL_DESCRIPTION_MAX)
      .toWellFormed(),
    input_schema: { type: 'object', ...inputSchema },
    tags: tags.filter((tag) => offeredTool.shape.tags.safeParse([tag]).success).slice(0, 20),
  };
}

function reasonOf(issues: readonly { path: PropertyKey[]; message: string }[]): string {
  return issues.map(({ path, message }) => `${path.map(String).join('.')}: ${message}`).join(', ');
}
