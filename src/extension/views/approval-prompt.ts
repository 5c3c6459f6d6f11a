/**
 * Says that a call asks for permission: one notification at a time, with exactly what would run. One that was put away is
 * not shown again; its row in the Work view stays.
 */
import * as vscode from 'vscode';
import { HostGone } from '../../client/host-client.ts';
import type { ApprovalView } from '../../protocol/approvals.ts';
import { shownOf, wholeOf } from '../commands/approve.ts';
import type { Parts } from '../commands/command.ts';
import { messageText } from '../plain-text.ts';

/** A notification shows so much; a longer call is allowed only after it was looked at. */
const NOTIFICATION_MAX = 240;

export class ApprovalPrompt {
  #parts: Parts;
  #shown = new Set<string>();
  #isShowing = false;
  #review: (approval: ApprovalView) => Promise<unknown>;
  #stop: { dispose(): void };

  constructor(parts: Parts, review: (approval: ApprovalView) => Promise<unknown>) {
    this.#parts = parts;
    this.#review = review;
    this.#stop = parts.model.onChange(() => this.#look());
  }

  dispose(): void {
    this.#stop.dispose();
  }

  #look(): void {
    if (this.#isShowing || !this.#parts.model.all().some(({ item }) => item.wait?.kind === 'approval')) return;
    this.#isShowing = true;
    void this.#showNext()
      .catch((error: unknown) => {
        // The next host's state brings another look.
        if (!(error instanceof HostGone)) this.#parts.onError(error);
        return false;
      })
      .then((isMore) => {
        this.#isShowing = false;
        if (isMore) this.#look();
      });
  }

  /** Shows the oldest that was not shown; false where there is none. */
  async #showNext(): Promise<boolean> {
    const { connection, model } = this.#parts;
    const { approvals } = await connection.request('approval/list', {});
    const next = approvals.find(({ id }) => !this.#shown.has(id));
    if (!next) return false;
    this.#shown.add(next.id);
    const isWhole = next.preview === null && wholeOf(next).length <= NOTIFICATION_MAX;
    const text = isWhole ? wholeOf(next) : `${shownOf(next).slice(0, NOTIFICATION_MAX)}…`;
    const actions = isWhole ? ['Allow Once', 'Review…'] : ['Review…'];
    const choice = await vscode.window.showInformationMessage(
      `Animus asks: ${next.tool}: ${messageText(text)}`,
      ...actions,
    );
    if (choice === 'Review…') await this.#review(next);
    if (choice === 'Allow Once') {
      await connection.request('approval/decide', { id: next.id, decision: 'allow', pid: process.pid });
      model.refresh(next.work_item_id);
    }
    return true;
  }
}
