/** Every request: name, parameters, result. Hosts check parameters where bytes come in, clients check results. */
import * as z from 'zod';
import {
  approvalDecideParams,
  approvalDecideResult,
  approvalForgetParams,
  approvalListResult,
  permissionRuleView,
} from './approvals.ts';
import { awarenessShowParams, awarenessView } from './awareness.ts';
import { fileChangeView } from './changes.ts';
import { facultyAcceptParams, facultyAcceptResult, facultyFolderView, facultyReviewResult } from './faculties.ts';
import {
  contextBlockView,
  contextCutView,
  entryType,
  focusContextParams,
  focusContextView,
  focusView,
  hookRunView,
  ledgerCursor,
  ledgerEntryView,
  messageView,
  toolCallView,
} from './focus.ts';
import { hookAcceptParams, hookListResult, hookView } from './hooks.ts';
import {
  credentialOffer,
  databaseUrl,
  facultyProblem,
  facultyView,
  helloParams,
  helloResult,
  hostStatus,
  initializeParams,
  initializeResult,
} from './host.ts';
import { storableText } from './json.ts';
import { modelListParams, modelListResult, modelTestParams, modelTestResult } from './models.ts';
import {
  personEnrollParams,
  personInviteParams,
  personInviteResult,
  personKeyResult,
  personListResult,
  personProveParams,
  personProveResult,
  personRemoveParams,
} from './person.ts';
import { answerParams } from './question.ts';
import { modelOfferParams } from './window-models.ts';
import { toolListResult, toolOfferParams } from './window-tools.ts';
import {
  budgetView,
  idText,
  questionView,
  workEventView,
  workFollowUpParams,
  workMoveParams,
  workMoveResult,
  workRetryParams,
  workState,
  workSubmitParams,
  workSubmitResult,
  workView,
} from './work.ts';

/** So many unsaved files of one window are told. */
export const UNSAVED_FILES_MAX = 500;

const nothing = z.strictObject({});

export const REQUESTS = {
  /** The host's half of the mutual proof. The first request of a connection. */
  hello: { params: helloParams, result: helloResult },
  /** The client's half. Until it succeeds every other request is refused. */
  initialize: { params: initializeParams, result: initializeResult },

  'host/status': { params: nothing, result: hostStatus },
  /** Claims stop, running foci end at their next recorded point, the host leaves. */
  'host/drain': { params: z.strictObject({ reason: z.string().max(200) }), result: z.object({ running: z.number() }) },

  /** Keys for the host's memory. Items that wait for them go on. */
  'credentials/offer': {
    params: z.strictObject({ credentials: z.array(credentialOffer).max(100) }),
    result: z.object({ accepted: z.array(z.string()) }),
  },

  /** Asks the providers that can be asked which models they have, and looks for servers on this machine. */
  'model/list': { params: modelListParams, result: modelListResult },
  /** Asks a model one small thing. */
  'model/test': { params: modelTestParams, result: modelTestResult },
  /** The models of VS Code that the host may ask over this connection. Items that wait for one of them go on. */
  'model/offer': { params: modelOfferParams, result: nothing },
  /** The tools of VS Code that the host may have called over this connection. */
  'tool/offer': { params: toolOfferParams, result: nothing },
  /** What windows offer now, by name. */
  'tool/list': { params: nothing, result: toolListResult },

  /** Shows that the connection is a person's: what needs a person is refused without it. */
  'person/prove': { params: personProveParams, result: personProveResult },
  /** Lets the key that this connection has proven decide from now on: the first one here at once, others with a code. */
  'person/enroll': { params: personEnrollParams, result: personKeyResult },
  /** A code with which one more key is enrolled; needs a person. */
  'person/invite': { params: personInviteParams, result: personInviteResult },
  'person/list': { params: nothing, result: personListResult },
  /** Needs a person, as trust/grant does. */
  'person/remove': { params: personRemoveParams, result: personKeyResult },

  /**
   * Needs a person: the host checks that the connection has proven an enrolled key, and that `pid` is a process that does not
   * descend from a focus.
   */
  'trust/grant': {
    params: z.strictObject({ folder: z.string().min(1).max(4096), pid: z.int().min(2) }),
    result: z.object({ folder: z.string(), granted_by: z.string(), granted_at: z.iso.datetime() }),
  },
  'trust/show': {
    params: nothing,
    result: z.object({ folder: z.string(), trusted: z.boolean() }),
  },

  /** What waits for a person to allow it, oldest first, and the rules that people made. */
  'approval/list': {
    params: z.strictObject({ limit: z.int().min(1).max(500).default(100) }),
    result: approvalListResult,
  },
  /** Needs a person, as trust/grant does. */
  'approval/decide': { params: approvalDecideParams, result: approvalDecideResult },
  /** Removes a rule; needs a person. */
  'approval/forget': { params: approvalForgetParams, result: z.object({ rule: permissionRuleView }) },

  'hook/list': { params: nothing, result: hookListResult },
  /** Lets a workspace's hook run as it is now; needs a person. */
  'hook/accept': { params: hookAcceptParams, result: z.object({ hook: hookView }) },

  /** Packs the embedded database into a new file. `pid` as in trust/grant. */
  'db/backup': {
    params: z.strictObject({ file: z.string().min(1).max(4096), pid: z.int().min(2) }),
    result: z.object({ file: z.string(), bytes: z.number() }),
  },
  /** Lets running work reach a recorded point, copies the embedded database to a server, and leaves. */
  'db/move': {
    params: z.strictObject({ url: databaseUrl, pid: z.int().min(2) }),
    result: z.object({
      /** Host and database, without user and password. */
      target: z.string(),
      schema: z.string(),
      tables: z.array(z.object({ name: z.string(), rows: z.number() })),
    }),
  },

  'work/submit': { params: workSubmitParams, result: workSubmitResult },
  'work/retry': { params: workRetryParams, result: workSubmitResult },
  'work/follow_up': { params: workFollowUpParams, result: workSubmitResult },
  'work/list': {
    params: z.strictObject({
      /** These and no others, whatever else is asked for; an id that is no item's is left out. */
      ids: z.array(z.uuid()).max(1000).optional(),
      states: z.array(workState).max(10).optional(),
      faculty: storableText.max(100).optional(),
      parent: idText.optional(),
      limit: z.int().min(1).max(1000).default(50),
    }),
    /** Made to be many: descriptions and summaries are cut, parameters and an outcome's data left out. */
    result: z.object({
      items: z.array(workView),
      /** All work of the place is paused. */
      all_paused: z.boolean().default(false),
    }),
  },
  'work/show': {
    params: z.strictObject({ id: idText }),
    result: z.object({
      /** The work itself: a merged id gives the item that it was merged into. */
      item: workView,
      /** The id that was asked for, where it is another one: it was merged into `item`. */
      merged_id: z.uuid().nullable(),
      /** Absent before it has begun. */
      budget: budgetView.optional(),
      foci: z.array(focusView),
      events: z.array(workEventView),
    }),
  },

  /** Says something to open work: it is in the conversation from the end of the turn that is under way. */
  'work/message': {
    params: z.strictObject({
      id: idText,
      /** Made by the client, so that a message whose answer was lost can be repeated. */
      message_id: z.uuid(),
      text: z.string().trim().min(1).max(20_000),
    }),
    result: z.object({ id: z.uuid(), work_item_id: z.uuid() }),
  },

  /** What waits for an answer, oldest first: here, or of one work item. */
  'question/list': {
    params: z.strictObject({ id: idText.optional() }),
    result: z.object({ questions: z.array(questionView) }),
  },
  /** Answers a question; the work goes on by itself. The same answer again is the same answer. */
  'question/answer': { params: answerParams, result: z.object({ question: questionView }) },

  /** Ends open work, and says so to whoever runs it. */
  'work/cancel': {
    params: z.strictObject({
      id: idText,
      /** Also all open work below it. */
      tree: z.boolean().default(true),
    }),
    result: z.object({
      /** The work as it is now; what had ended before stays as it ended. */
      item: workView,
      /** How many items were cancelled. */
      cancelled: z.number(),
    }),
  },
  /** Holds open work and all open work below it: what runs ends at its next recorded point, nothing of it begins. */
  'work/pause': {
    params: z.strictObject({ id: idText }),
    result: z.object({
      item: workView,
      /** How many items were paused that had not been. */
      paused: z.number(),
    }),
  },
  /** Lets paused work go on, with all that is paused below it. A person's: `pid` as in trust/grant. */
  'work/resume': {
    params: z.strictObject({ id: idText, pid: z.int().min(2) }),
    result: z.object({
      item: workView,
      /** How many items go on. */
      resumed: z.number(),
      /** Whether they are held all the same, since all work of the place is paused. */
      all_paused: z.boolean(),
    }),
  },
  /** Holds all work of the place, also what comes, until it is let go on. What was paused by itself stays so. */
  'work/pause_all': { params: nothing, result: z.object({ paused: z.boolean() }) },
  'work/resume_all': { params: z.strictObject({ pid: z.int().min(2) }), result: z.object({ resumed: z.boolean() }) },

  /** Takes open work, with its whole tree, to another working copy of the same database. */
  'work/move': { params: workMoveParams, result: workMoveResult },
  /** Removes finished work for good, with its ledger and all below it. `pid` as in trust/grant. */
  'work/delete': {
    params: z.strictObject({ id: idText, pid: z.int().min(2) }),
    result: z.object({ id: z.uuid(), deleted: z.number() }),
  },
  /** An item and all work below it, parents before their children, as `work/list` gives them. */
  'work/tree': {
    params: z.strictObject({ id: idText, limit: z.int().min(1).max(1000).default(500) }),
    result: z.object({
      items: z.array(workView),
      /** True where there are more than `limit`. */
      more: z.boolean(),
    }),
  },

  /** The files of a window that have changes which are not saved, all of them: no agent writes these. `pid` as in trust/grant. */
  'editor/unsaved': {
    params: z.strictObject({ pid: z.int().min(2), paths: z.array(z.string().min(1).max(4096)).max(UNSAVED_FILES_MAX) }),
    result: nothing,
  },

  /** What an item's agents did to files, oldest first. */
  'change/list': {
    params: z.strictObject({ id: idText }),
    result: z.object({
      work_item_id: z.uuid(),
      changes: z.array(fileChangeView),
      /** How many older ones are left out. */
      omitted: z.number(),
    }),
  },
  /** One of them, whole. */
  'change/show': {
    params: z.strictObject({ id: z.uuid() }),
    result: z.object({
      change: fileChangeView,
      /** The file's text before; null where there was none. */
      before: z.string().nullable(),
    }),
  },
  /** Puts back what a file held before a change. Needs a person: `pid` as in trust/grant. */
  'change/undo': {
    params: z.strictObject({ id: z.uuid(), pid: z.int().min(2) }),
    result: z.object({ change: fileChangeView }),
  },

  /** One item's entries in ascending order, page by page. */
  'ledger/read': {
    params: z.strictObject({
      id: idText,
      entry_type: entryType.optional(),
      after_seq: z.int().min(0).optional(),
      last_n: z.int().min(1).max(100_000).optional(),
      query: storableText.max(500).optional(),
      formatted: z.boolean().default(false),
    }),
    result: z.object({
      work_item_id: z.uuid(),
      entries: z.array(ledgerEntryView),
      /** Of this page's entries. */
      formatted: z.string().nullable(),
      /** The `after_seq` of the next page; null where this is the last. */
      next_after_seq: z.number().nullable(),
    }),
  },

  /** Entries of all work of the place, newest first: one page before a cursor, of `limit` or, by their size, fewer. */
  'ledger/recent': {
    params: z.strictObject({
      /** The `next` of the page before; without it the newest entries. */
      before: ledgerCursor.optional(),
      limit: z.int().min(1).max(1000).default(500),
      types: z.array(entryType).max(6).optional(),
      work_item_id: z.uuid().optional(),
      query: storableText.max(500).optional(),
    }),
    result: z.object({
      entries: z.array(ledgerEntryView),
      next: ledgerCursor.nullable(),
      /** How many entries match in all; null with a cursor, since the first page has told. */
      total: z.number().nullable(),
    }),
  },

  /** A focus's messages, page by page, and the calls of the turns up to the page's last. */
  'focus/read': {
    params: z.strictObject({
      id: z.uuid(),
      /** Only messages numbered above this. */
      after_n: z.int().min(0).default(0),
      /** Only tool calls, and what hooks did, of this turn and later ones. */
      calls_from_turn: z.int().min(0).default(0),
    }),
    result: z.object({
      focus: focusView,
      messages: z.array(messageView),
      /** Where they are many or long, the older ones come without input and result, and the oldest not at all. */
      tool_calls: z.array(toolCallView),
      /** Of the same turns, oldest first; where they are many the oldest do not come. Hosts of an earlier version tell of none. */
      hook_runs: z.array(hookRunView).default([]),
      /** True where the oldest of them did not come. */
      hook_runs_left_out: z.boolean().default(false),
      /** Those whose last message is on the page. Hosts of an earlier version say nothing of them. */
      blocks: z.array(contextBlockView).default([]),
      /** All there are. */
      cuts: z.array(contextCutView).default([]),
      /** The `after_n` of the next page; null where this is the last. */
      next_after_n: z.number().nullable(),
    }),
  },

  /** What the model saw at a turn. */
  'focus/context': { params: focusContextParams, result: focusContextView },

  /** What the next focus of a faculty would be told of the other work here, or what a focus was told when it began. */
  'awareness/show': { params: awarenessShowParams, result: awarenessView },

  'faculty/list': {
    params: nothing,
    result: z.object({
      faculties: z.array(facultyView),
      problems: z.array(facultyProblem),
      /** What the workspace brings along; null where that is nothing. */
      workspace: facultyFolderView.nullable().default(null),
    }),
  },
  /** What a person reads before they accept the faculties of the workspace. */
  'faculty/review': { params: nothing, result: facultyReviewResult },
  /** Lets the faculties of the workspace be used as they are now; needs a person. */
  'faculty/accept': { params: facultyAcceptParams, result: facultyAcceptResult },

  /** From here on the connection gets notifications. */
  'events/subscribe': { params: nothing, result: nothing },
} as const;

export type Method = keyof typeof REQUESTS;
/** What a caller passes: fields with a default may be left out. */
export type Params<M extends Method> = z.input<(typeof REQUESTS)[M]['params']>;
/** What a handler gets. */
export type ParsedParams<M extends Method> = z.output<(typeof REQUESTS)[M]['params']>;
export type Result<M extends Method> = z.output<(typeof REQUESTS)[M]['result']>;
