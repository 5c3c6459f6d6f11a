/** What views are handed: built once in main.ts. */
import type * as vscode from 'vscode';
import type { Secrets } from './host/api-key.ts';
import type { HostConnection } from './host/connection.ts';
import type { Place } from './host/place.ts';
import type { WindowPerson } from './host/window-person.ts';
import type { AllowedVendors } from './models/allowed-vendors.ts';
import type { ModelOffers } from './models/model-offers.ts';
import type { Settings } from './settings.ts';
import type { ToolOffers } from './tools/tool-offers.ts';
import type { WorkModel } from './work/work-model.ts';

export type Services = {
  extensionUri: vscode.Uri;
  connection: HostConnection;
  model: WorkModel;
  /** Whose models of VS Code may be used, and what tells the host of them. */
  allowedVendors: AllowedVendors;
  modelOffers: ModelOffers;
  /** What tells the host of the tools of this window. */
  toolOffers: ToolOffers;
  channel: vscode.LogOutputChannel;
  secrets: Secrets;
  person: WindowPerson;
  settings(): Settings;
  /** Only in a trusted folder. Throws AnimusError. */
  place(): Place;
  log(level: 'info' | 'warn' | 'error', message: string): void;
  /** Tells a person what went wrong, with a way on. */
  onError(error: unknown): void;
};
