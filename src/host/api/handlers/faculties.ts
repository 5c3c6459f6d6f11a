/** faculty/list, faculty/review and faculty/accept. Accepting is a person's: nothing that an agent started may do it. */
import path from 'node:path';
import { AnimusError } from '../../../protocol/errors.ts';
import type { FacultyFolderView, FacultyReview } from '../../../protocol/faculties.ts';
import type { FacultyView } from '../../../protocol/host.ts';
import { startsOf, type Taken } from '../../engine/faculties/powers.ts';
import type { Faculty } from '../../engine/faculties/schema.ts';
import {
  FACULTY_FOLDER,
  type WorkspaceFolder,
  type WorkspaceLook,
} from '../../engine/faculties/workspace-faculties.ts';
import { acceptFolder } from '../../store/acceptance/accepted-folders.ts';
import { changedFiles } from '../changed-files.ts';
import type { ApiContext, Handlers } from '../context.ts';
import { learnAcceptance } from '../faculty-acceptance.ts';
import { requirePerson } from '../require-person.ts';
import { requireTrust } from './work.ts';

export const facultyHandlers: Pick<Handlers, 'faculty/list' | 'faculty/review' | 'faculty/accept'> = {
  async 'faculty/list'(context) {
    const { catalogue } = context;
    // The roles are told also while the database opens, and when it does not.
    if (context.status().database.kind === 'ready') await learnAcceptance(context, await context.database());
    else catalogue.refresh();
    const { faculties, problems, workspace } = catalogue.list();
    return {
      faculties: faculties.map((faculty) => viewFaculty(context, faculty)),
      problems: [...problems],
      workspace: workspace ? viewFolder(workspace.present) : null,
    };
  },

  async 'faculty/review'(context) {
    await learnAcceptance(context, await context.database());
    const { workspace } = context.catalogue.list();
    return { review: workspace ? await reviewOf(context, workspace) : null };
  },

  async 'faculty/accept'(context, { hash, pid }, session) {
    const db = await context.database();
    await requireTrust(context, db);
    await requirePerson(context, session, pid, "accept a workspace's faculties");
    await learnAcceptance(context, db);
    const { workspace } = context.catalogue.list();
    if (!workspace) {
      const message = 'This workspace brings no faculties along. Nothing was accepted.';
      throw new AnimusError('not_found', message, 'They would lie in .animus/faculties.');
    }
    if (!context.catalogue.keep(hash)) throw notAsShown(workspace.present);
    const by = session.client.kind;
    await acceptFolder(db, { place: context.place, kind: 'faculty', name: FACULTY_FOLDER, hash, by });
    await learnAcceptance(context, db);
    const now = context.catalogue.list().workspace;
    if (!now) throw new AnimusError('wrong_state', 'The faculties were accepted, and have gone since.', 'Look again.');
    return { workspace: viewFolder(now.present) };
  },
};

function notAsShown({ problem, faculties, problems }: WorkspaceFolder): AnimusError {
  const broken = problems.map(({ message }) => message).join('\n');
  if (problem !== null || faculties.length === 0) {
    const message = `This workspace's faculties cannot be accepted: ${problem ?? broken}`;
    return new AnimusError('wrong_state', `${message}. Nothing was accepted.`, 'Correct them, and look again.');
  }
  const message = "This workspace's faculties are not what was shown any more. Nothing was accepted.";
  return new AnimusError('wrong_state', message, 'Look at them again: animus faculty review');
}

/** `file` is where a person would change it: the copy of what was accepted is not for that. */
function viewFaculty({ catalogue, folder }: ApiContext, faculty: Faculty): FacultyView {
  return {
    name: faculty.name,
    description: faculty.description,
    origin: faculty.origin,
    file: faculty.origin === 'workspace' ? inWorkspace(folder, faculty) : faculty.file,
    accepts: faculty.accepts,
    model: faculty.engage.model,
    tools: faculty.engage.tools,
    max_concurrent: faculty.max_concurrent,
    max_attempts: faculty.max_attempts,
    shadows: catalogue.takenBy(faculty).flatMap(viewTaken),
  };
}

function inWorkspace(folder: string, { file }: Faculty): string {
  return path.join(folder, '.animus', 'faculties', path.basename(file));
}

function viewTaken({ name, from }: Taken): FacultyView['shadows'] {
  return from.origin === 'workspace' ? [] : [{ name, faculty: from.name, origin: from.origin }];
}

function viewFolder({ folder, state, hash, problem, names }: WorkspaceFolder): FacultyFolderView {
  return { folder, state, hash, problem, names: [...names] };
}

async function reviewOf(
  { catalogue, folder }: ApiContext,
  { present, accepted }: WorkspaceLook,
): Promise<FacultyReview> {
  const before = accepted && catalogue.acceptedFiles(accepted.hash);
  return {
    ...viewFolder(present),
    faculties: present.faculties.map((faculty) => ({
      name: faculty.name,
      description: faculty.description,
      file: inWorkspace(folder, faculty),
      starts: startsOf(faculty),
      allow: [...faculty.permissions.allow],
      shadows: catalogue.takenBy(faculty).flatMap(viewTaken),
    })),
    problems: [...present.problems],
    accepted_hash: before ? accepted.hash : null,
    changes: await changedFiles(before, present.files),
  };
}
