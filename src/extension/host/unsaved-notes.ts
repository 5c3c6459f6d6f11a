/** Keeps the host told which files of this window have changes that are not saved, so that no agent writes over them. */
import { UNSAVED_FILES_MAX } from '../../protocol/requests.ts';
import { Coalesced } from '../coalesce.ts';
import type { Stop } from '../listeners.ts';
import type { HostConnection } from './connection.ts';

export type UnsavedOptions = {
  connection: Pick<HostConnection, 'state' | 'onStateChange'>;
  /** Absolute paths. */
  list(): string[];
  pid: number;
  log(level: 'warn', message: string): void;
};

/** A person types letter by letter; what matters is whether a file has changes at all. */
const GATHER_MS = 50;

export class UnsavedNotes {
  #options: UnsavedOptions;
  #telling: Coalesced;
  #stop: Stop;
  #told = '';

  constructor(options: UnsavedOptions) {
    this.#options = options;
    const onError = (error: unknown) => options.log('warn', `The host was not told what is unsaved: ${String(error)}`);
    this.#telling = new Coalesced(() => this.#tell(), GATHER_MS, onError);
    // A new host knows nothing of what the last one was told.
    this.#stop = options.connection.onStateChange(({ kind }) => {
      if (kind !== 'ready') return;
      this.#told = '';
      this.#telling.wish();
    });
  }

  /** Some document changed, was saved or closed. */
  changed(): void {
    if (this.#options.list().join('\n') !== this.#told) this.#telling.wish();
  }

  dispose(): void {
    this.#stop.dispose();
    this.#telling.dispose();
  }

  async #tell(): Promise<void> {
    const { connection, list, pid, log } = this.#options;
    const paths = list();
    const { state } = connection;
    if (state.kind !== 'ready' || !state.client.isOpen) return;
    await state.client.request('editor/unsaved', { pid, paths: paths.slice(0, UNSAVED_FILES_MAX) });
    this.#told = paths.join('\n');
    if (paths.length <= UNSAVED_FILES_MAX) return;
    log(
      'warn',
      `Agents keep out of the first ${UNSAVED_FILES_MAX} unsaved files only, and ${paths.length} are. Save some.`,
    );
  }
}
