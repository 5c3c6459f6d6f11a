/** The faculties that a workspace brings along, and what a person is shown before they accept them. */
import * as z from 'zod';
import { facultyProblem, shadowedFaculty } from './host.ts';

export const facultyFolderView = z.object({
  /** Absolute. */
  folder: z.string(),
  /** `changed`: what was accepted before is used until the new content is accepted. */
  state: z.enum(['accepted', 'changed', 'new', 'untrusted']),
  /** Of all that is in it now; null where it cannot be accepted, or was not looked into. */
  hash: z.string().nullable(),
  /** Why it cannot be accepted. */
  problem: z.string().nullable(),
  /** Of the faculties in it, where it was looked into; else of their files. */
  names: z.array(z.string()),
});
export type FacultyFolderView = z.infer<typeof facultyFolderView>;

export const reviewedFaculty = z.object({
  name: z.string(),
  description: z.string(),
  /** Absolute: in the workspace. */
  file: z.string(),
  /** Every command and server that it names. */
  starts: z.array(z.object({ what: z.string(), runs: z.string() })),
  /** Patterns of calls that nobody is asked about. */
  allow: z.array(z.string()),
  /** Names that mean another faculty until this one is accepted. */
  shadows: z.array(shadowedFaculty),
});

export const facultyFileChange = z.object({
  /** Relative to the folder. */
  file: z.string(),
  kind: z.enum(['added', 'removed', 'changed']),
  /** Lines that differ; '' where that is not told. */
  diff: z.string(),
});

export const facultyReview = facultyFolderView.extend({
  faculties: z.array(reviewedFaculty),
  problems: z.array(facultyProblem),
  /** Of what is used now; null where nothing is. */
  accepted_hash: z.string().nullable(),
  /** What differs from that; all that it holds, where nothing is used. */
  changes: z.array(facultyFileChange),
});
export type FacultyReview = z.infer<typeof facultyReview>;

export const facultyReviewResult = z.object({
  /** Null where the workspace brings none along. */
  review: facultyReview.nullable(),
});

export const facultyAcceptParams = z.strictObject({
  /** Of the content that the person has seen. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  /** The host checks that this process does not descend from a focus. */
  pid: z.int().min(2),
});

export const facultyAcceptResult = z.object({ workspace: facultyFolderView });
