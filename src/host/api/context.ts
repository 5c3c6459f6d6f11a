/** What the handlers of requests are given. */
import type { HostStatus } from '../../protocol/host.ts';
import type { Method, ParsedParams, Result } from '../../protocol/requests.ts';
import type { Db } from '../db/types.ts';
import type { FacultyCatalogue } from '../engine/faculties/catalogue.ts';
import type { HookCatalogue } from '../engine/hooks/catalogue.ts';
import type { Redactor } from '../engine/redaction/redactor.ts';
import type { Credentials } from '../llm/credentials.ts';
import type { OpenedModel } from '../llm/open-model.ts';
import type { CostOf, Price } from '../llm/prices.ts';
import type { ModelListing } from '../llm/types.ts';
import type { Provider } from '../providers/types.ts';
import type { PersonProof } from './person-proof.ts';
import type { UnsavedFiles } from './unsaved-files.ts';
import type { WindowLink } from './window-link.ts';
import type { WindowModels } from './window-models.ts';
import type { WindowTools } from './window-tools.ts';

export type ApiContext = {
  /** Waits for the database to be open. Throws AnimusError where it cannot be. */
  database(): Promise<Db>;
  place: string;
  storeId: string;
  /** The workspace's real path. */
  folder: string;
  /** Real path of Animus's own folder, which nothing here touches. */
  closedFolder: string;
  catalogue: FacultyCatalogue;
  hooks: HookCatalogue;
  redactor: Redactor;
  credentials: Credentials;
  windowModels: WindowModels;
  windowTools: WindowTools;
  unsavedFiles: UnsavedFiles;
  models: {
    /** Where neither the work nor its faculty names one. */
    defaultModel: string;
    open(modelName: string): OpenedModel;
    /** What its tokens cost; undefined where that is unknown. */
    priceOf(modelName: string): Price | undefined;
    /** Undefined where the provider has no list. */
    list(provider: string, signal: AbortSignal): Promise<ModelListing> | undefined;
  };
  /** Says that waiting work may go on. */
  wakeWaiting(): Promise<void>;
  providers: readonly Provider[];
  costOf: CostOf;
  /** What the place may spend in a day, in micro-dollars; null without a cap. */
  dayCapMicros: number | null;
  hasCredential(provider: string): boolean;
  isKnownModel(modelName: string): string | true;
  status(): Omit<HostStatus, 'queue' | 'other_places' | 'trusted' | 'clients' | 'today'>;
  /** Drains, copies the embedded database to a server, and lets the host leave. */
  moveTo(url: string): Promise<{ target: string; schema: string; tables: readonly { name: string; rows: number }[] }>;
  /** Begins to drain; gives how many foci run. */
  drain(reason: string): number;
};

export type Session = {
  client: { kind: 'cli' | 'vscode' | 'api'; version: string; build: string };
  /** Whose key the connection has shown. */
  person: PersonProof;
  subscribe(): void;
  /** To ask it for answers of its models, and to have it call its tools. */
  window: WindowLink;
  clientCount(): number;
  /** Whether this process is the one that the connection belongs to. True where nobody can see that. */
  isOf(pid: number): boolean;
};

/** Requests of an open session; the two of the handshake are the connection's own. */
export type SessionMethod = Exclude<Method, 'hello' | 'initialize'>;

export type Handlers = {
  [M in SessionMethod]: (context: ApiContext, params: ParsedParams<M>, session: Session) => Promise<Result<M>>;
};
