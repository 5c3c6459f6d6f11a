/** What each command does. */
import type { CommandName } from '../names.ts';
import { acceptFaculties } from './accept-faculties.ts';
import { acceptHooks } from './accept-hooks.ts';
import { answer } from './answer.ts';
import { approve } from './approve.ts';
import { chooseModel } from './choose-model.ts';
import type { Command } from './command.ts';
import { deleteWork } from './delete-work.ts';
import { pauseAll, pauseWork, resumeAll, resumeWork } from './hold-work.ts';
import { restartHost, showLogs, startHost } from './host.ts';
import { inspectChildWork } from './inspect-child-work.ts';
import { nextPane, previousPane } from './next-pane.ts';
import { openFocus } from './open-focus.ts';
import { revealWork } from './reveal-work.ts';
import { reviewChanges } from './review-changes.ts';
import { runDemo } from './run-demo.ts';
import { setApiKey } from './set-api-key.ts';
import { showContext } from './show-context.ts';
import { showLedger } from './show-ledger.ts';
import { cancelWork, sendMessage } from './steer-work.ts';
import { submitWork } from './submit-work.ts';
import { trust } from './trust.ts';
import { whatNext } from './what-next.ts';
import { whoMayDecide } from './who-may-decide.ts';
import { followUp, retryWork } from './work-again.ts';

export const COMMANDS: Readonly<Record<CommandName, Command>> = {
  submitWork,
  openFocus,
  showLedger,
  reviewChanges,
  showContext,
  inspectChildWork,
  retryWork,
  followUp,
  sendMessage,
  cancelWork,
  pauseWork,
  resumeWork,
  pauseAll,
  resumeAll,
  deleteWork,
  answer,
  approve,
  acceptHooks,
  acceptFaculties,
  runDemo,
  chooseModel,
  setApiKey,
  trust,
  whoMayDecide,
  startHost,
  restartHost,
  showLogs,
  revealWork,
  whatNext,
  nextPane,
  previousPane,
};
