/** What running a focus needs, handed in by the composition root. */
import type { Db } from '../../db/types.ts';
import type { CostOf } from '../../llm/prices.ts';
import type { LlmClient } from '../../llm/types.ts';
import type { McpServers } from '../../mcp/mcp-servers.ts';
import type { Focus } from '../../store/foci/foci.ts';
import type { Lease } from '../../store/work/leases.ts';
import type { WorkItem } from '../../store/work/types.ts';
import type { Hooks } from '../engage/hooks.ts';
import type { Permissions } from '../engage/permissions.ts';
import type { Tool } from '../engage/tool.ts';
import type { EngageEvent } from '../engage/types.ts';
import type { Faculty } from '../faculties/schema.ts';
import type { Redactor } from '../redaction/redactor.ts';
import type { VscodeTools } from '../tools/vscode-tools.ts';

export type OpenedModel =
  | { kind: 'ready'; client: LlmClient; modelName: string }
  /** No key for the provider, or one that it rejected. */
  | { kind: 'needs_credentials'; provider: string }
  /** Nobody who could ask it is there now. */
  | { kind: 'unavailable'; modelName: string }
  | { kind: 'unknown'; message: string };

export interface Models {
  /** By full name, provider/model. */
  open(modelName: string): OpenedModel;
  /** The provider said no to the key with this fingerprint. */
  rejectCredential(provider: string, key: string): void;
  /** By full name; null where the price is unknown. */
  costOf: CostOf;
}

export type Log = (
  level: 'debug' | 'info' | 'warn' | 'error',
  event: string,
  facts?: Record<string, string | number | boolean | null | undefined>,
) => void;

export type FocusDependencies = {
  db: Db;
  models: Models;
  redactor: Redactor;
  /** Tools every focus has, and those that its faculty chooses from. */
  engineTools: readonly Tool[];
  workspaceTools: readonly Tool[];
  /** Started when a faculty that names them begins. */
  mcp: McpServers;
  /** What extensions registered in the windows of VS Code that are open here. */
  windowTools: VscodeTools;
  /** The model where neither item nor faculty names one. */
  defaultModel: string;
  /** Nobody is there to be asked: what would ask a person ends instead. */
  headless: boolean;
  /** What the place may spend in a day, in micro-dollars; null without a cap. */
  dayCapMicros: number | null;
  /** Whether what a faculty starts is still what a person accepted; always so for one that nobody has to accept. */
  isAsAccepted(faculty: Faculty): boolean;
  /** The hooks and the permissions of a claim's focus, as they are now. */
  hooksOf(claim: Claim): Hooks;
  permissionsOf(claim: Claim): Permissions;
  storeId: string;
  storeFolder: string;
  workspace: string;
  /** Real path of Animus's own folder, which no tool touches. */
  closedFolder?: string;
  /** Whether a window holds a file, by its real path, with changes that are not saved. */
  isUnsaved?(realPath: string): boolean;
  /** What a phase command gets to see of the environment. */
  commandEnvironment: Record<string, string>;
  emit(event: FocusEvent): void;
  log: Log;
  /** 0 to 1, for jitter. */
  random(): number;
};

export type FocusEvent = EngageEvent & { focusId: string; workItemId: string };

export type Claim = {
  item: WorkItem;
  focus: Focus;
  lease: Lease;
  faculty: Faculty;
  /** Set: end at the next recorded point and give the lease back. */
  stopping: AbortSignal;
  /** Set, and `stopping` with it: a person holds the work. No call begins any more, and the model gets little time. */
  held: AbortSignal;
  /** Set: abort the model call that is under way, and begin nothing more. */
  abort: AbortSignal;
  /** Set: the lease is another's, or the work was cancelled. Ends tools and phase commands too, which a drain lets run to their time-out. */
  lost: AbortSignal;
};
