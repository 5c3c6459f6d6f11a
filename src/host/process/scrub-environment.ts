/** What a command started by an agent or a faculty may see of the host's environment. */

export type ScrubbedEnvironment = {
  env: Record<string, string>;
  /** Values dropped because they look like secrets, of 8 characters or more, without repeats: redact them everywhere. */
  secrets: string[];
};

/** A word of a name (`GITHUB_TOKEN` has two) that ends with one of these marks a secret: also PGPASSWORD, authToken. */
const SECRET_ENDING =
  /(?:TOKENS?|SECRETS?|PASSWORDS?|PASSWDS?|PASSPHRASES?|CREDENTIALS?|COOKIES?|(?:API|ACCESS|PRIVATE|AUTH)KEYS?)$/;
/** Whole words: inside others (AUTHOR, MONKEY, COMPASS) they mean nothing. */
const SECRET_WORDS = new Set(['KEY', 'KEYS', 'AUTH', 'OAUTH', 'AUTHORIZATION', 'PASS', 'PWD', 'PAT', 'JWT', 'DSN']);
/** Ours and the editor's. They tie a child to our processes; their values are no secrets by themselves. */
const PRIVATE_NAME = /^(?:ANIMUS_|VSCODE_|ELECTRON_|NODE_OPTIONS$)/;
const WORKING_DIRECTORIES = new Set(['PWD', 'OLDPWD']);
const SHORTEST_SECRET = 8;

/**
 * Drops variables whose names look like secrets, whose values carry a password or a private key, and those of Animus, VS
 * Code, Electron and NODE_OPTIONS. Names are compared without case.
 */
export function scrubbedEnvironment(source: Readonly<Record<string, string | undefined>>): ScrubbedEnvironment {
  const env: Record<string, string> = {};
  const secrets = new Set<string>();
  for (const [name, value] of Object.entries(source)) {
    if (value === undefined) continue;
    const passwords = passwordsInside(value);
    if (namesSecret(name) || passwords.length > 0 || value.includes('PRIVATE KEY-----')) {
      for (const secret of [value, ...passwords]) if (secret.length >= SHORTEST_SECRET) secrets.add(secret);
    } else if (!PRIVATE_NAME.test(name.toUpperCase())) {
      env[name] = value;
    }
  }
  return { env, secrets: [...secrets] };
}

function namesSecret(name: string): boolean {
  const upper = name.toUpperCase();
  if (WORKING_DIRECTORIES.has(upper)) return false;
  if (upper.endsWith('DATABASE_URL')) return true;
  const words = name
    .replaceAll(/([a-z\d])([A-Z])/g, '$1_$2')
    .toUpperCase()
    .split(/[^A-Z\d]+/);
  return words.some((word) => SECRET_WORDS.has(word) || SECRET_ENDING.test(word));
}

/** The password of `scheme://user:password@host`, as written and decoded. */
function passwordsInside(value: string): string[] {
  if (!/^[a-z][a-z\d+.-]*:\/\/[^/?#\s]*@/i.test(value)) return [];
  const written = URL.parse(value)?.password ?? '';
  if (written === '') return [];
  try {
    return [...new Set([written, decodeURIComponent(written)])];
  } catch (error) {
    // A lone % is a password as written.
    if (error instanceof URIError) return [written];
    throw error;
  }
}
