import assert from 'node:assert/strict';
import { scrubbedEnvironment } from '../../../src/host/process/scrub-environment.ts';

const VALUE = 'value-of-it';

function dropped(...names: string[]): string[] {
  return names.filter((name) => !(name in scrubbedEnvironment({ [name]: VALUE }).env));
}

describe('scrubbedEnvironment', () => {
  it('[S4] drops names that look like secrets, and hands their values over for redaction', () => {
    const names = [
      ...['ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'GITHUB_TOKEN'],
      ...[
        'GH_PAT',
        'PGPASSWORD',
        'MYSQL_PWD',
        'DB_PASS',
        'DATABASE_URL',
        'MY_DATABASE_URL',
        'SENTRY_DSN',
        'OPENAI_APIKEY',
      ],
      ...['GOOGLE_APPLICATION_CREDENTIALS', 'SSH_AUTH_SOCK', 'npm_config__authToken', 'npm_config_//host/:_authToken'],
      ...['ANIMUS_TOKEN', 'secret', 'githubToken', 'KEY', 'SIGNING-KEY', 'KEY_1'],
    ];
    assert.deepEqual(dropped(...names), names);
    for (const name of names) assert.deepEqual(scrubbedEnvironment({ [name]: VALUE }).secrets, [VALUE], name);
  });

  it('drops what belongs to Animus and the editor without calling it a secret', () => {
    const names = ['ANIMUS_HOME', 'ANIMUS_RUN', 'VSCODE_CWD', 'ELECTRON_RUN_AS_NODE', 'NODE_OPTIONS', 'vscode_pid'];
    assert.deepEqual(dropped(...names), names);
    for (const name of names) assert.deepEqual(scrubbedEnvironment({ [name]: VALUE }).secrets, []);
  });

  it('keeps the rest', () => {
    const names = ['PATH', 'HOME', 'PWD', 'OLDPWD', 'LANG', 'GIT_AUTHOR_NAME', 'KEYBOARD', 'MONKEY', 'COMPASS'];
    names.push('TOKENIZERS_PARALLELISM', 'XDG_SESSION_ID', 'NODE_ENV', 'LESSKEYIN', 'PATHEXT', 'OLDPWD');
    assert.deepEqual(dropped(...names), []);
  });

  it('[S4] drops values that carry a password or a private key', () => {
    const source = {
      HTTPS_PROXY: 'http://user:hunter%2122@proxy:8080',
      REDIS: 'redis://:p%zzword99@host',
      PEM: '-----BEGIN RSA PRIVATE KEY-----\nabc',
      DOCS: 'https://example.org/a@b:c',
      MAIL: 'user:name@example.org',
      REMOTE: 'ssh://git@example.org/x',
    };
    const { env, secrets } = scrubbedEnvironment(source);
    assert.deepEqual(Object.keys(env), ['DOCS', 'MAIL', 'REMOTE']);
    assert.deepEqual(secrets, [source.HTTPS_PROXY, 'hunter%2122', 'hunter!22', source.REDIS, 'p%zzword99', source.PEM]);
  });

  it('names each secret once, and none that is too short to redact', () => {
    const { secrets } = scrubbedEnvironment({ A_TOKEN: VALUE, B_TOKEN: VALUE, C_TOKEN: 'short', D: undefined });
    assert.deepEqual(secrets, [VALUE]);
  });
});
