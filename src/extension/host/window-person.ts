/**
 * The person's key of this VS Code, in its secret storage: shown to each host, so that what is approved, answered, trusted and accepted in a
 * window counts. Its windows share one. The first window of a store is enrolled by itself; who comes later needs a code.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { HostClient } from '../../client/host-client.ts';
import { provePerson } from '../../client/prove-person.ts';
import { AnimusError } from '../../protocol/errors.ts';
import { createPersonKey, type PersonKey, readPersonKey } from '../../rendezvous/person-key.ts';
import type { Secrets } from './api-key.ts';

export const PERSON_KEY = 'animus.person key';

/** `stranger`: others decide here. `removed`: this VS Code did, and somebody took that back. */
export type Standing = 'enrolled' | 'stranger' | 'removed';

export type WindowPersonOptions = {
  secrets: Secrets;
  /** What the list of those who decide shows it as. */
  name: string;
  pid: number;
};

/** Another window of this VS Code may be enrolling itself just now: its key is stored a moment later. */
const KEY_COMES_WITHIN_MS = 3000;
const LOOK_EVERY_MS = 50;

export class WindowPerson {
  #options: WindowPersonOptions;

  constructor(options: WindowPersonOptions) {
    this.#options = options;
  }

  /** Shows the key, and enrolls it where nobody is enrolled yet. Throws AnimusError, `not_permitted` in a window that an agent opened. */
  async introduce(client: HostClient): Promise<Standing> {
    const key = await this.#storedKey();
    if (key) return this.#show(client, key);
    const { keys } = await client.request('person/list', {});
    if (keys.length > 0) return 'stranger';
    try {
      await this.#enrollNew(client);
      return 'enrolled';
    } catch (error) {
      if (!(error instanceof AnimusError) || error.kind !== 'not_enrolled') throw error;
      const other = await this.#keyOfAnotherWindow();
      return other ? this.#show(client, other) : 'stranger';
    }
  }

  /** With a code from where somebody is enrolled, or as the first. Throws AnimusError where the host does not take it. */
  async enroll(client: HostClient, code: string | undefined): Promise<void> {
    const key = await this.#storedKey();
    if (!key) return this.#enrollNew(client, code);
    await provePerson(client, key);
    await this.#ask(client, code);
  }

  async #show(client: HostClient, key: PersonKey): Promise<Standing> {
    const { state, anybody } = await provePerson(client, key);
    if (state !== 'unknown') return state;
    if (anybody) return 'stranger';
    await this.#ask(client, undefined);
    return 'enrolled';
  }

  /** Stored only once the host has it: of two windows that come first, the one that was taken is kept. */
  async #enrollNew(client: HostClient, code?: string): Promise<void> {
    const text = createPersonKey();
    const key = readPersonKey(text);
    if (!key) throw new Error('A new key is none.');
    await provePerson(client, key);
    await this.#ask(client, code);
    await this.#options.secrets.store(PERSON_KEY, text);
  }

  async #ask(client: HostClient, code: string | undefined): Promise<void> {
    const { name, pid } = this.#options;
    await client.request('person/enroll', { name, code, pid });
  }

  async #storedKey(): Promise<PersonKey | undefined> {
    const text = await this.#options.secrets.get(PERSON_KEY);
    return text === undefined ? undefined : readPersonKey(text);
  }

  async #keyOfAnotherWindow(): Promise<PersonKey | undefined> {
    const deadline = Date.now() + KEY_COMES_WITHIN_MS;
    for (;;) {
      const key = await this.#storedKey();
      if (key || Date.now() > deadline) return key;
      await sleep(LOOK_EVERY_MS);
    }
  }
}
