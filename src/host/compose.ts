/** Builds everything a host is made of and hands it on: the one file that knows all the parts. */
import { realpathSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AnimusError } from '../protocol/errors.ts';
import type { Notification, NotificationParams } from '../protocol/notifications.ts';
import type { ParsedParams, Result } from '../protocol/requests.ts';
import { movedMarkerFile, pendingRestoreFile, personResetFile, presenceFolder } from '../rendezvous/store-files.ts';
import type { ConnectionOptions } from './api/connection.ts';
import type { ApiContext } from './api/context.ts';
import { learnAcceptance } from './api/faculty-acceptance.ts';
import { handleRequest } from './api/handlers.ts';
import { takePersonReset } from './api/person-reset.ts';
import { UnsavedFiles } from './api/unsaved-files.ts';
import { WindowModels } from './api/window-models.ts';
import { WindowTools } from './api/window-tools.ts';
import { EmbeddedCare } from './care/embedded-care.ts';
import { Retention } from './care/retention.ts';
import { StoreCare } from './care/store-care.ts';
import { databaseLabel } from './config/database-label.ts';
import { DiskSpace, freeBytes } from './db/disk-space.ts';
import { readMigrations } from './db/migrate.ts';
import { openDatabase } from './db/open-database.ts';
import { PgliteDb } from './db/pglite-db.ts';
import { retryLost } from './db/retry-lost.ts';
import type { Db } from './db/types.ts';
import { AcceptedCopies } from './engine/acceptance/accepted-copies.ts';
import { whyDayIsOver } from './engine/dispatch/day-cap.ts';
import { Dispatcher } from './engine/dispatch/dispatcher.ts';
import { FacultyCatalogue } from './engine/faculties/catalogue.ts';
import { DAY } from './engine/focus/engage-phase.ts';
import { runFocus } from './engine/focus/run-focus.ts';
import type { FocusEvent } from './engine/focus/types.ts';
import { HookCatalogue } from './engine/hooks/catalogue.ts';
import { PersistentHooks } from './engine/hooks/persistent-hooks.ts';
import { Redactor } from './engine/redaction/redactor.ts';
import { dayCapOf, focusDependencies } from './focus-dependencies.ts';
import type { HostIdentity, HostOptions } from './host-options.ts';
import { McpServers } from './mcp/mcp-servers.ts';
import { createModels } from './models.ts';
import { moveStore } from './move-store.ts';
import { scrubbedEnvironment } from './process/scrub-environment.ts';
import { readTrust } from './store/trust/trust.ts';
import { type Log, openLog } from './telemetry/log.ts';

/** What the host itself answers for. */
export type HostControls = {
  state(): 'starting' | 'serving' | 'draining';
  clientCount(): number;
  drain(reason: string): number;
  /** Drains, does `work` when nothing runs any more, and lets the host leave. */
  leaveAfter<T>(work: () => Promise<T>): Promise<T>;
  broadcast<N extends Notification>(name: N, params: NotificationParams<N>): void;
  token: string;
};

export type ComposedHost = {
  token: string;
  log: Log;
  connections: Omit<ConnectionOptions, 'clientCount'>;
  /** Opens the database at the first call; the same one ever after. */
  openDatabase(): Promise<Db>;
  startDispatcher(db: Db): Promise<void>;
  dispatcher(): Dispatcher | undefined;
  /** Lets what runs end at its next recorded point. */
  stop(): Promise<void>;
};

export function composeHost(options: HostOptions, identity: HostIdentity, controls: HostControls): ComposedHost {
  const { config, store, folder, home, assets, build } = options;
  const { env: commandEnvironment, secrets } = scrubbedEnvironment(options.env);
  const redactor = new Redactor();
  redactor.add('host_token', controls.token);
  for (const secret of secrets) redactor.add('environment', secret);
  const log = openLog(path.join(store, 'logs'), config.log.level, (text) => redactor.text(text));
  const catalogue = new FacultyCatalogue({
    bundled: assets.faculties,
    personal: path.join(home, 'faculties'),
    workspace: path.join(folder, '.animus', 'faculties'),
    accepted: path.join(home, 'accepted'),
  });
  const windowModels = new WindowModels();
  const windowTools = new WindowTools();
  const unsavedFiles = new UnsavedFiles();
  const models = createModels(config, assets, { ask: windowModels.ask, has: (name) => windowModels.has(name) });
  const persistent = new PersistentHooks(identity.storeId, commandEnvironment);
  const hooks = new HookCatalogue({
    folders: { personal: path.join(home, 'hooks'), workspace: path.join(folder, '.animus', 'hooks') },
    copies: new AcceptedCopies(path.join(home, 'accepted')),
    place: identity.place,
    workspace: folder,
    onChange: (current) =>
      void persistent.keepOnly(current).catch((error) => log('warn', 'hooks.not_ended', { message: String(error) })),
  });
  const disk = new DiskSpace({ free: config.database.url === null ? () => freeBytes(store) : undefined });
  const database = lazyDatabase(options, log, disk, {
    // Whoever has the database meets a catalogue that knows what was accepted.
    onOpen: async (db) => {
      await retryLost(() => takePersonReset(db, identity.place, personResetFile(store), log));
      await retryLost(() => learnAcceptance({ catalogue, place: identity.place, folder }, db));
    },
    onGivenUp: () => controls.drain('the database does not reopen'),
  });
  const mcp = new McpServers({
    workspace: folder,
    environment: commandEnvironment,
    hostEnvironment: options.env,
    storeId: identity.storeId,
    log,
  });
  let dispatcher: Dispatcher | undefined;
  let care: StoreCare | undefined;

  const context: ApiContext = {
    database: database.open,
    place: identity.place,
    storeId: identity.storeId,
    folder,
    closedFolder: realpathSync(home),
    catalogue,
    hooks,
    redactor,
    credentials: models.credentials,
    windowModels,
    windowTools,
    unsavedFiles,
    models: { ...models, defaultModel: config.model ?? models.defaultModel },
    dayCapMicros: dayCapOf(config),
    wakeWaiting: async () => dispatcher?.wakeWaiting(),
    providers: models.providers,
    costOf: models.costOf,
    hasCredential: models.hasCredential,
    isKnownModel: models.isKnown,
    status: () => ({
      instance_id: identity.instanceId,
      store_id: identity.storeId,
      pid: process.pid,
      ...build,
      folder,
      store_folder: store,
      started_at: identity.startedAt.toISOString(),
      database: database.state(),
      paused: disk.whyPaused() ?? null,
      database_kind: config.database.url === null ? 'pglite' : 'postgres',
      state: controls.state(),
      running: dispatcher?.runningCount ?? 0,
      credentials: models.credentials.names(),
    }),
    drain: controls.drain,
    moveTo: (url) => controls.leaveAfter(async () => moveStore(options, await database.open(), url)),
  };

  return {
    token: controls.token,
    log,
    connections: {
      token: controls.token,
      welcome: (params) => welcome(options, identity, context, params),
      handle: (method, params, session) => handleRequest(context, method, params, session),
      redact: (text) => redactor.text(text),
      log,
      presenceFolder: presenceFolder(store),
    },
    openDatabase: database.open,
    dispatcher: () => dispatcher,
    async startDispatcher(db) {
      const dependencies = focusDependencies(
        options,
        identity,
        { db, models, redactor, commandEnvironment, mcp, windowTools, log, hooks, persistent, unsavedFiles },
        catalogue,
        (event) => controls.broadcast('focus/delta', viewDelta(event)),
      );
      dispatcher = new Dispatcher({
        db,
        host: { id: identity.instanceId, storeId: identity.storeId, name: hostname(), version: build.version, folder },
        place: identity.place,
        catalogue,
        maxConcurrent: config.host.max_concurrent,
        run: (claim) => runFocus(dependencies, claim),
        whyPaused: async () => disk.whyPaused() ?? (await whyDayIsOver(db, identity.place, dayCapOf(config))),
        isSatisfied: async ({ kind, targets }) => {
          if (kind === 'budget' && targets[0] === DAY) {
            return (await whyDayIsOver(db, identity.place, dayCapOf(config))) === undefined;
          }
          return (
            (kind === 'credentials' && targets.some((name) => models.hasCredential(String(name)))) ||
            (kind === 'model' && targets.some((name) => models.isOffered(String(name))))
          );
        },
        log,
      });
      await dispatcher.start();
      care = storeCare(options, identity, { db, disk, log, isIdle: () => dispatcher?.runningCount === 0 });
      care.start();
    },
    async stop() {
      await dispatcher?.drain();
      await persistent.close();
      await mcp.close();
      await care?.stop();
    },
  };
}

/** Of the embedded database, where nothing else is configured. */
const EMBEDDED_MAX_MB = 2048;
const BYTES_PER_MB = 1024 * 1024;

type CareParts = { db: Db; disk: DiskSpace; log: Log; isIdle(): boolean };

function storeCare({ config, store }: HostOptions, { place }: HostIdentity, parts: CareParts): StoreCare {
  const { db, disk, log, isIdle } = parts;
  const { schema, url } = config.database;
  const maxMb = config.retention.max_mb ?? (url === null ? EMBEDDED_MAX_MB : null);
  return new StoreCare({
    isIdle,
    embedded: db instanceof PgliteDb ? new EmbeddedCare({ db, disk, schema }) : undefined,
    retention: new Retention({
      db,
      schema,
      places: [place],
      storeFolder: store,
      days: config.retention.days,
      maxBytes: maxMb === null ? null : maxMb * BYTES_PER_MB,
      onPruned: (foci, bytes) => log('info', 'store.pruned', { foci, bytes }),
    }),
    onError: (error) => log('warn', 'store.care_failed', { message: String(error) }),
  });
}

type DatabaseEvents = { onOpen(db: Db): Promise<void>; onGivenUp(): void };

function lazyDatabase(
  { config, store, assets }: HostOptions,
  log: Log,
  disk: DiskSpace,
  { onOpen, onGivenUp }: DatabaseEvents,
) {
  let opening: Promise<Db> | undefined;
  let state: Result<'host/status'>['database'] = { kind: 'opening' };
  const open = async (): Promise<Db> => {
    try {
      const db = await openDatabase({
        url: config.database.url,
        schema: config.database.schema,
        storeFolder: store,
        pendingRestore: pendingRestoreFile(store),
        movedMarker: movedMarkerFile(store),
        template: assets.databaseTemplate,
        migrations: readMigrations(assets.migrations),
        onLost: (reason) => log('warn', 'database.lost', { reason }),
        onReopened: () => log('info', 'database.reopened'),
        onGivenUp,
        onDiskFull: () => disk.noteRefused(),
        onListenerError: (error) => log('error', 'database.listener_failed', { message: String(error) }),
      });
      await onOpen(db);
      state = { kind: 'ready' };
      return db;
    } catch (error) {
      const next = error instanceof AnimusError ? error.next : "The host's log has the rest.";
      state = { kind: 'failed', message: (error as Error).message, next };
      throw error;
    }
  };
  return {
    open: () => {
      opening ??= open();
      return opening;
    },
    state: () => state,
  };
}

function viewDelta(event: FocusEvent): NotificationParams<'focus/delta'> {
  const { focusId: focus_id, workItemId: work_item_id, turn, type: kind } = event;
  const text = event.type === 'text' ? event.text : event.type === 'tool_call' ? event.name : '';
  const reason = event.type === 'retry' ? event.reason : text;
  return { focus_id, work_item_id, turn, kind, text: reason };
}

/** The answer to a client that has proven itself, with what it should know about this host. */
async function welcome(
  { config, home, folder, build }: HostOptions,
  { instanceId, storeId }: HostIdentity,
  context: ApiContext,
  params: ParsedParams<'initialize'>,
): ReturnType<ComposedHost['connections']['welcome']> {
  const database = databaseLabel(config.database.url);
  const warnings = [
    params.client.version === build.version && params.client.build !== build.build
      ? `The host runs another build of ${build.version} (${build.build}); to change over: animus host stop`
      : '',
    params.database === database
      ? ''
      : `The host was started with the database "${database}", not "${params.database}"; to change over: animus host stop`,
    params.home === home ? '' : `The host was started with ANIMUS_HOME=${home}.`,
    params.folder === folder ? '' : `The host serves ${folder}.`,
    await unacceptedHooks(context),
    unacceptedFaculties(context),
  ].filter((text) => text !== '');
  const trusted = await trustedSoon(context);
  const { version, build: hash } = build;
  return { instance_id: instanceId, store_id: storeId, pid: process.pid, version, build: hash, trusted, warnings };
}

/** What a trusted folder brings along and nobody accepted as it is now; '' where there is nothing, or nobody says at once. */
async function unacceptedHooks({ database, hooks, status }: ApiContext): Promise<string> {
  if (status().database.kind !== 'ready') return '';
  const look = async () => {
    const { workspace } = await hooks.current(await database());
    const asking = workspace.filter(({ state }) => state === 'new' || state === 'changed').map(({ name }) => name);
    return asking.length === 0
      ? ''
      : `Hooks of this folder wait for you to accept them: ${asking.join(', ')} (animus hooks)`;
  };
  const nothing = () => ''; // whoever asks for the hooks hears what is wrong
  return Promise.race([look().catch(nothing), sleep(TRUST_WITHIN_MS, '', { ref: false })]);
}

function unacceptedFaculties({ catalogue, status }: ApiContext): string {
  if (status().database.kind !== 'ready') return '';
  const { state, names } = catalogue.list().workspace?.present ?? { names: [] };
  if (names.length === 0 || (state !== 'new' && state !== 'changed')) return '';
  return `Faculties of this folder wait for you to accept them: ${names.join(', ')} (animus faculty accept)`;
}

/** Null where the database does not say at once: a greeting must not wait for it, or the client takes the host for gone. */
async function trustedSoon({ database, place, folder, status }: ApiContext): Promise<boolean | null> {
  if (status().database.kind !== 'ready') return null;
  const look = async () => (await readTrust(await database(), place, folder)) !== undefined;
  const unknown = () => null; // whoever needs the database hears from it what is wrong
  return Promise.race([look().catch(unknown), sleep(TRUST_WITHIN_MS, null, { ref: false })]);
}

const TRUST_WITHIN_MS = 250;
