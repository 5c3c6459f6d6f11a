/** What a person was asked about a call, and said, in words. */
import type { CallApprovalView, ToolCallView } from '../../protocol/focus.ts';
import { visibleLine } from '../shared/visible-text.ts';
import type { Sign } from '../shared/vocabulary.ts';

export function isAsking({ state, approval }: Pick<ToolCallView, 'state' | 'approval'>): boolean {
  return approval?.state === 'pending' && (state === 'waiting' || state === 'requested');
}

/** A few words, for the end of a call's line; null where nobody was asked. */
export function approvalWord(approval: CallApprovalView | null | undefined): string | null {
  if (!approval) return null;
  const reach = reachOf(approval.scope);
  switch (approval.state) {
    case 'pending':
      return 'waiting for your approval';
    case 'allowed':
      return `allowed ${reach}`;
    case 'denied':
      return approval.scope === 'once' || approval.scope === null ? 'denied' : `denied ${reach}`;
  }
}

function reachOf(scope: CallApprovalView['scope']): string {
  if (scope === 'focus') return 'for this focus';
  return scope === 'rule' ? 'by a rule for all work here' : 'once';
}

export function approvalSign({ state }: CallApprovalView): Pick<Sign, 'icon' | 'hue'> {
  if (state === 'pending') return { icon: 'bell-dot', hue: 'you' };
  return state === 'allowed' ? { icon: 'pass', hue: 'completed' } : { icon: 'circle-slash', hue: 'dead' };
}

/** Where the person said it. */
export function decidedWhere({ decided_by: by }: CallApprovalView): string {
  if (by === null) return '';
  if (by === 'vscode') return 'by a person, in VS Code';
  return by === 'cli' ? 'by a person, on the command line' : `by ${visibleLine(by.slice(0, 60))}`;
}
