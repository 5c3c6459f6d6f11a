/** What running a focus needs, built from the host's parts: its tools, its permissions, its hooks. */
import { realpathSync } from 'node:fs';
import path from 'node:path';
import { privateSocketFolder } from './api/server.ts';
import type { UnsavedFiles } from './api/unsaved-files.ts';
import type { Config } from './config/config.ts';
import type { FacultyCatalogue } from './engine/faculties/catalogue.ts';
import { knownFileOf } from './engine/focus/file-records.ts';
import type { Claim, FocusDependencies, FocusEvent } from './engine/focus/types.ts';
import type { HookCatalogue } from './engine/hooks/catalogue.ts';
import { FocusHooks } from './engine/hooks/focus-hooks.ts';
import type { PersistentHooks } from './engine/hooks/persistent-hooks.ts';
import { CallPermissions } from './engine/permissions/call-permissions.ts';
import { askUser } from './engine/tools/ask-user.ts';
import { awaitChildWork } from './engine/tools/await-child-work.ts';
import { checkChildWork } from './engine/tools/check-child-work.ts';
import { STEERING_PATHS } from './engine/tools/guarded-paths.ts';
import { ledgerAppend } from './engine/tools/ledger-append.ts';
import { ledgerRead } from './engine/tools/ledger-read.ts';
import { readArtifactTool } from './engine/tools/read-artifact.ts';
import { recallStep } from './engine/tools/recall-step.ts';
import { reportOutcome } from './engine/tools/report-outcome.ts';
import { type ChildFaculty, spawnChildWork } from './engine/tools/spawn-child-work.ts';
import { createWorkspaceTools } from './engine/tools/workspace-tools.ts';
import type { HostIdentity, HostOptions } from './host-options.ts';
import type { HostModels } from './models.ts';
import { findConfinement } from './process/confinement.ts';

export type FocusParts = Pick<
  FocusDependencies,
  'db' | 'redactor' | 'commandEnvironment' | 'mcp' | 'windowTools' | 'log'
> & {
  models: HostModels;
  hooks: HookCatalogue;
  persistent: PersistentHooks;
  unsavedFiles: UnsavedFiles;
};

export function focusDependencies(
  options: HostOptions,
  { storeId }: HostIdentity,
  { hooks, persistent, unsavedFiles, ...parts }: FocusParts,
  catalogue: FacultyCatalogue,
  emit: (event: FocusEvent) => void,
): FocusDependencies {
  const { config, store, folder, home } = options;
  const { headless } = config.host;
  const limits = { maxDepth: config.children.max_depth, maxPerFocus: config.children.max_per_focus };
  const spawn = spawnChildWork(limits, (wanted) => childFaculty(catalogue, wanted));
  const processes = { storeId, environment: parts.commandEnvironment, persistent };
  const closedFolder = realpathSync(home);
  const idsOf = ({ item, focus, faculty }: Claim) => {
    const knownFile = knownFileOf(parts.db, focus.id);
    return { workItemId: item.id, focusId: focus.id, faculty: faculty.name, workspace: folder, knownFile };
  };
  return {
    ...parts,
    isAsAccepted: (faculty) => catalogue.isAsAccepted(faculty),
    hooksOf: (claim) => new FocusHooks({ db: parts.db, catalogue: hooks, processes, ids: idsOf(claim) }),
    permissionsOf: (claim) =>
      new CallPermissions({
        db: parts.db,
        context: { ...idsOf(claim), closedFolder },
        faculty: claim.faculty.permissions,
        isOfWorkspace: claim.faculty.origin === 'workspace',
        whenAsked: headless ? config.permissions.when_headless : 'wait',
        redact: (text) => parts.redactor.text(text),
      }),
    engineTools: [
      reportOutcome,
      ledgerAppend,
      ledgerRead,
      recallStep,
      readArtifactTool,
      spawn,
      checkChildWork,
      awaitChildWork,
      askUser({ headless }),
    ],
    headless,
    dayCapMicros: dayCapOf(config),
    workspaceTools: createWorkspaceTools(
      {
        environment: parts.commandEnvironment,
        storeId,
        confine: config.commands.confine,
        findConfinement: () =>
          findConfinement({
            hidden: [closedFolder, privateSocketFolder(options.env)],
            readOnly: STEERING_PATHS.map((steering) => path.join(folder, steering)),
          }),
      },
      { reach: { allowPrivate: config.web.allow_private }, userAgent: `Animus/${options.build.version}` },
    ),
    defaultModel: config.model ?? parts.models.defaultModel,
    storeId,
    storeFolder: store,
    workspace: folder,
    closedFolder,
    isUnsaved: (realPath) => unsavedFiles.has(realPath),
    emit,
    random: Math.random,
  };
}

/** In micro-dollars. */
export function dayCapOf({ budget }: Config): number | null {
  const cap = budget.max_cost_usd_per_day;
  return cap === null ? null : Math.round(cap * 1_000_000);
}

function childFaculty(catalogue: FacultyCatalogue, wanted: string): ChildFaculty {
  const found = catalogue.find(wanted);
  if (found.kind === 'unaccepted') return found;
  if (found.kind !== 'found') {
    return { kind: 'unknown', names: catalogue.list().faculties.map(({ name }) => name) };
  }
  const { name, dedup, max_attempts: maxAttempts } = found.faculty;
  return { kind: 'found', name, dedup, maxAttempts };
}
