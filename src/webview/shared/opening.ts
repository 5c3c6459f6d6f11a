/** What every view may ask the extension to open. */
import type { FromFocusView, FromLedgerView, ViewCommand } from '../../protocol/webview.ts';
import type { LinkTarget } from './links.ts';

export type OpenMessage = Extract<FromLedgerView & FromFocusView, { type: 'open_link' | 'open_file' }>;
export type CommandMessage = { type: 'command'; command: ViewCommand };

export function openMessage(target: LinkTarget): OpenMessage {
  if (target.kind === 'link') return { type: 'open_link', href: target.href };
  return { type: 'open_file', path: target.path, ...(target.line === null ? {} : { line: target.line }) };
}
