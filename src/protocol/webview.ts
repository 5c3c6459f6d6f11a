/**
 * What the extension and its webviews say to each other. Both ends check what they get: a webview shows text that models
 * wrote, so nothing that comes from it is believed. Entries and messages go over once; what follows are deltas.
 */
import * as z from 'zod';
import { fileChangeView } from './changes.ts';
import {
  contextBlockView,
  contextCutView,
  entryType,
  focusView,
  hookRunView,
  ledgerCursor,
  ledgerEntryView,
  messageView,
  toolCallView,
} from './focus.ts';
import { workView } from './work.ts';

/** Commands that a view may ask for, by the name after `animus.`. */
export const viewCommand = z.enum([
  'submitWork',
  'runDemo',
  'chooseModel',
  'setApiKey',
  'trust',
  'startHost',
  'restartHost',
  'showLogs',
  'showLedger',
  'answer',
]);
export type ViewCommand = z.infer<typeof viewCommand>;

/** How the host is, as every view shows it, with what a person can do about it. */
export const viewState = z.object({
  kind: z.enum(['starting', 'ready', 'down', 'failed', 'untrusted']),
  message: z.string(),
  actions: z.array(z.object({ command: viewCommand, title: z.string() })),
});
export type ViewState = z.infer<typeof viewState>;

export const toLedgerView = z.discriminatedUnion('type', [
  z.object({ type: z.literal('state'), state: viewState }),
  /** Everything anew: the newest entries in ascending order, and the work items that they belong to. */
  z.object({
    type: z.literal('reset'),
    entries: z.array(ledgerEntryView),
    items: z.array(workView),
    next: ledgerCursor.nullable(),
    total: z.number(),
  }),
  /** New entries, or none and items that have changed. */
  z.object({ type: z.literal('appended'), entries: z.array(ledgerEntryView), items: z.array(workView) }),
  /** Older ones, ascending, that go before what is there. */
  z.object({
    type: z.literal('older'),
    entries: z.array(ledgerEntryView),
    items: z.array(workView),
    next: ledgerCursor.nullable(),
  }),
  /** The answer to the search of that number, ascending. */
  z.object({
    type: z.literal('found'),
    search: z.number(),
    entries: z.array(ledgerEntryView),
    items: z.array(workView),
    total: z.number(),
  }),
  /** Show this work item's entries only, or all again. */
  z.object({ type: z.literal('scope'), work_item_id: z.uuid().nullable() }),
]);
export type ToLedgerView = z.infer<typeof toLedgerView>;

export const fromLedgerView = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('ready') }),
  z.strictObject({ type: z.literal('load_older'), before: ledgerCursor }),
  z.strictObject({
    type: z.literal('search'),
    search: z.int().min(0),
    text: z.string().max(500),
    types: z.array(entryType).max(6),
    work_item_id: z.uuid().nullable(),
  }),
  z.strictObject({ type: z.literal('open_focus'), focus_id: z.uuid() }),
  z.strictObject({ type: z.literal('open_file'), path: z.string().min(1).max(4096), line: z.int().min(1).optional() }),
  z.strictObject({ type: z.literal('open_link'), href: z.string().min(1).max(2048) }),
  z.strictObject({ type: z.literal('command'), command: viewCommand }),
]);
export type FromLedgerView = z.infer<typeof fromLedgerView>;

export const toFocusView = z.discriminatedUnion('type', [
  z.object({ type: z.literal('state'), state: viewState }),
  z.object({
    type: z.literal('reset'),
    item: workView,
    focus: focusView,
    messages: z.array(messageView),
    tool_calls: z.array(toolCallView),
    hook_runs: z.array(hookRunView),
    /** True where older ones of these turns did not come. */
    hook_runs_left_out: z.boolean().optional(),
    blocks: z.array(contextBlockView),
    cuts: z.array(contextCutView),
    entries: z.array(ledgerEntryView),
  }),
  /** New messages, hook runs, blocks and entries, changed calls, and all cuts; the rest stands. */
  z.object({
    type: z.literal('changed'),
    item: workView,
    focus: focusView,
    messages: z.array(messageView),
    tool_calls: z.array(toolCallView),
    hook_runs: z.array(hookRunView),
    /** True where older ones of these turns did not come. */
    hook_runs_left_out: z.boolean().optional(),
    blocks: z.array(contextBlockView),
    cuts: z.array(contextCutView),
    entries: z.array(ledgerEntryView),
  }),
  /** Of the turn that is being written; a `turn_start` or `retry` discards what came before. */
  z.object({
    type: z.literal('delta'),
    turn: z.number(),
    kind: z.enum(['turn_start', 'text', 'tool_call', 'retry']),
    text: z.string(),
  }),
  /** What a call did to a file, as it was asked for or since it was undone; null with the reason where there is no telling. */
  z.object({
    type: z.literal('change'),
    call_id: z.uuid(),
    change: fileChangeView.nullable(),
    problem: z.string().nullable(),
  }),
  /** The keyboard goes to the next pane of the page, or back: the workbench hears F6 before the page does. */
  z.object({ type: z.literal('pane'), step: z.literal([1, -1]) }),
]);
export type ToFocusView = z.infer<typeof toFocusView>;

export const fromFocusView = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('ready') }),
  z.strictObject({ type: z.literal('open_file'), path: z.string().min(1).max(4096), line: z.int().min(1).optional() }),
  z.strictObject({ type: z.literal('open_link'), href: z.string().min(1).max(2048) }),
  z.strictObject({ type: z.literal('command'), command: viewCommand }),
  /** The difference that a call made: into the page, into the editor of differences, or undone. */
  z.strictObject({ type: z.literal('load_change'), call_id: z.uuid() }),
  z.strictObject({ type: z.literal('open_change'), call_id: z.uuid() }),
  z.strictObject({ type: z.literal('undo_change'), call_id: z.uuid() }),
  /** Asks the person about a call that waits, outside of the page. */
  z.strictObject({ type: z.literal('approve'), approval_id: z.uuid() }),
  /** What the model saw at a turn, as a document. */
  z.strictObject({ type: z.literal('show_context'), turn: z.int().min(1).max(1_000_000) }),
]);
export type FromFocusView = z.infer<typeof fromFocusView>;

/** What a focus page keeps with `setState`, among its own things: with it the editor is restored after a restart. */
export const focusPageState = z.looseObject({ focus_id: z.uuid() });
export type FocusPageState = z.infer<typeof focusPageState>;
