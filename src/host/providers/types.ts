/** What there is to know of a provider before anything is asked of it. */

/** Where a provider's key comes from. Providers that share a credential share a key, where they have one origin too. */
export type ProviderKey = {
  /** The name it is kept and offered under. */
  credential: string;
  /** The variable that clients read it from. It never enters the host's environment. */
  variable: string;
};

/** How a server that speaks Chat Completions wants to be asked. What it answers is read the same way from all of them. */
export type ChatQuirks = {
  /** The member that bounds an answer's tokens. */
  maxTokens: 'max_completion_tokens' | 'max_tokens';
  /** Whether to ask for the usage of a stream; some servers refuse the member that asks. */
  streamUsage: boolean;
  /** How `thinking` is asked for; `none` leaves it to the server. */
  thinking: 'reasoning_effort' | 'reasoning' | 'deepseek' | 'none';
  /** The member in which a model's thoughts go back to it with its calls; `none` keeps them. */
  thoughts: 'reasoning_content' | 'reasoning' | 'none';
};

/** How requests and answers are written, and what only this way of writing them needs to know. */
export type ProviderWire =
  | {
      format: 'anthropic';
      baseUrl: string;
      apiVersion: '2023-06-01' | '2026-10-21';
      authScheme: 'x-api-key' | 'bearer';
    }
  | { format: 'openai-chat'; baseUrl: string; quirks: ChatQuirks }
  | { format: 'openai-responses'; baseUrl: string }
  /** Plays a script, in process. */
  | { format: 'scripted' };

export type Provider = ProviderWire & {
  /** The part of a model's name before the slash. */
  name: string;
  /** For people. */
  title: string;
  /** Null where requests need none. */
  key: ProviderKey | null;
  /** On this machine, by its own default: there is nothing to pay and nothing leaves. */
  local: boolean;
};
