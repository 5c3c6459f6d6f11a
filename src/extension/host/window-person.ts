/**
 * The person's key of this VS Code for a store, in its secret storage: shown to the store's hosts, so that what is decided in a window counts.
 * Windows on one store share it. The first window of a store is enrolled by itself; who comes later needs a code.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { HostClient } from '../../client/host-client.ts';
import { provePerson } from '../../client/prove-person.ts';
import { AnimusError } from '../../protocol/errors.ts';
import type { PersonKeyView } from '../../protocol/person.ts';
import { createPersonKey, type PersonKey, readPersonKey } from '../../rendezvous/person-key.ts';
import type { Secrets } from './api-key.ts';

/**
 * `stranger`: others decide here. `lost`: this VS Code did, and its secret storage has the key no more. `removed`: it has the key, and somebody
 * took back that it counts.
 */
export type Standing = 'enrolled' | 'stranger' | 'lost' | 'removed';

export type WindowPersonOptions = {
  secrets: Secrets;
  /** What is remembered besides: that there was a key for a store. */
  memory: { get(name: string): unknown; update(name: string, value: unknown): PromiseLike<void> };
  /** What the list of those who decide shows it as. */
  name: string;
  pid: number;
  /** Undefined while another window of the store has it. */
  tryLock(): { release(): void } | undefined;
};

/** One for each store: windows on two stores that come first at the same moment would take each other's place. */
export const personKeyName = (storeId: string) => `animus.person ${storeId}`;

const LOCKED_WITHIN_MS = 10_000;
/** What one window stores, another reads a little later. */
const KEY_COMES_WITHIN_MS = 2000;
const LOOK_EVERY_MS = 50;

export class WindowPerson {
  #options: WindowPersonOptions;
  #enrolled = new WeakSet<HostClient>();

  constructor(options: WindowPersonOptions) {
    this.#options = options;
  }

  /** Shows the key, and enrolls it where nobody is enrolled yet. Throws AnimusError, `not_permitted` in a window that an agent opened. */
  async introduce(client: HostClient): Promise<Standing> {
    const standing = await this.#introduce(client);
    if (standing === 'enrolled') await this.#note(client);
    return standing;
  }

  /** The same for a window that is not enrolled as far as it knows: another one may have been let in. */
  async introduceAgain(client: HostClient): Promise<void> {
    if (!this.#enrolled.has(client) && (await this.#storedKey(client))) await this.introduce(client);
  }

  /** Whether the key still counts. Enrolls nothing. */
  async look(client: HostClient): Promise<Standing> {
    const key = await this.#storedKey(client);
    const { state } = key ? await provePerson(client, key) : { state: 'unknown' };
    if (state === 'enrolled' || state === 'removed') return state;
    return this.#wasEnrolled(client) ? 'lost' : 'stranger';
  }

  /** With a code from where somebody is enrolled, or as the first. Throws AnimusError where the host does not take it. */
  async enroll(client: HostClient, code: string | undefined): Promise<void> {
    await this.#locked(async () => {
      await provePerson(client, (await this.#storedKey(client)) ?? (await this.#newKey(client)));
      await this.#ask(client, code);
    });
    await this.#note(client);
  }

  async #introduce(client: HostClient): Promise<Standing> {
    const key = await this.#storedKey(client);
    if (key) return this.#show(client, key);
    const { keys } = await client.request('person/list', {});
    if (keys.length > 0) return this.#withoutKey(client, keys);
    return this.#locked(() => this.#enrollFirst(client));
  }

  async #show(client: HostClient, key: PersonKey): Promise<Standing> {
    const { state, anybody } = await provePerson(client, key);
    if (state !== 'unknown') return state;
    return anybody ? 'stranger' : this.#askToBeFirst(client);
  }

  /** The other windows wait meanwhile. What is enrolled has been stored before, so that a host never knows a key that nobody has. */
  async #enrollFirst(client: HostClient): Promise<Standing> {
    const stored = await this.#storedKey(client);
    if (stored) return this.#show(client, stored);
    const { keys } = await client.request('person/list', {});
    if (keys.length > 0) return this.#withoutKey(client, keys);
    await provePerson(client, await this.#newKey(client));
    return this.#askToBeFirst(client);
  }

  async #askToBeFirst(client: HostClient): Promise<Standing> {
    try {
      await this.#ask(client, undefined);
      return 'enrolled';
    } catch (error) {
      if (error instanceof AnimusError && error.kind === 'not_enrolled') return 'stranger';
      throw error;
    }
  }

  /** A key that was enrolled just now may be this VS Code's, from another window. */
  async #withoutKey(client: HostClient, keys: readonly PersonKeyView[]): Promise<Standing> {
    const isFresh = keys.some(
      ({ kind, enrolled_at }) => kind === 'vscode' && Date.now() - Date.parse(enrolled_at) < 60_000,
    );
    const deadline = Date.now() + (isFresh ? KEY_COMES_WITHIN_MS : 0);
    for (;;) {
      const key = await this.#storedKey(client);
      if (key) return this.#show(client, key);
      if (Date.now() >= deadline) return this.#wasEnrolled(client) ? 'lost' : 'stranger';
      await sleep(LOOK_EVERY_MS);
    }
  }

  async #ask(client: HostClient, code: string | undefined): Promise<void> {
    const { name, pid } = this.#options;
    await client.request('person/enroll', { name, code, pid });
  }

  /** Throws AnimusError where the secret storage does not give back what was stored. */
  async #newKey(client: HostClient): Promise<PersonKey> {
    const { secrets } = this.#options;
    await secrets.store(personKeyName(client.host.store_id), createPersonKey());
    const key = await this.#storedKey(client);
    if (key) return key;
    throw new AnimusError(
      'wrong_state',
      "VS Code's secret storage did not keep the key of this window. Nobody was enrolled.",
      'Unlock the keyring of your system, or see VS Code on "--password-store"; then reload the window.',
    );
  }

  async #storedKey(client: HostClient): Promise<PersonKey | undefined> {
    const text = await this.#options.secrets.get(personKeyName(client.host.store_id));
    return text === undefined ? undefined : readPersonKey(text);
  }

  #wasEnrolled({ host }: HostClient): boolean {
    return this.#options.memory.get(personKeyName(host.store_id)) === true;
  }

  async #note(client: HostClient): Promise<void> {
    this.#enrolled.add(client);
    if (!this.#wasEnrolled(client)) await this.#options.memory.update(personKeyName(client.host.store_id), true);
  }

  async #locked<T>(work: () => Promise<T>): Promise<T> {
    const deadline = Date.now() + LOCKED_WITHIN_MS;
    for (;;) {
      const lock = this.#options.tryLock();
      if (lock) {
        try {
          return await work();
        } finally {
          lock.release();
        }
      }
      if (Date.now() > deadline) {
        const next = 'Close the other windows on this folder, or reload this one.';
        throw new AnimusError('wrong_state', 'Another window has been enrolling itself for ten seconds.', next);
      }
      await sleep(LOOK_EVERY_MS);
    }
  }
}
