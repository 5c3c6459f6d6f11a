/**
 * What a notification about an item can mean for a dispatcher. Most say what it did itself, and asking the database about
 * those would double what a work item costs.
 */

export type Hint = {
  /** Who ran the item may do so no more: it was cancelled, or taken over. */
  mayTakeLease: boolean;
  /** There may be something to be claimed. */
  mayBeClaimed: boolean;
};

/** One that says no state, or one unknown here, may mean anything: it comes from another version, or from anybody. */
export function readHint(payload: string): Hint {
  switch (stateIn(payload)) {
    case 'queued':
      return { mayTakeLease: true, mayBeClaimed: true };
    case 'cancelled':
      return { mayTakeLease: true, mayBeClaimed: false };
    // Whoever holds the lease says these.
    case 'running':
    case 'waiting':
    case 'completed':
    case 'dead':
    case 'merged':
      return { mayTakeLease: false, mayBeClaimed: false };
    default:
      return { mayTakeLease: true, mayBeClaimed: true };
  }
}

function stateIn(payload: string): unknown {
  try {
    const said: unknown = JSON.parse(payload);
    return typeof said === 'object' && said !== null && 'state' in said ? said.state : undefined;
  } catch {
    return undefined; // on a shared server anyone may notify
  }
}
