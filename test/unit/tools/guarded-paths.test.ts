/** Which places steer what runs, however they are spelt. */
import assert from 'node:assert/strict';
import { guardedPlace } from '../../../src/host/engine/tools/guarded-paths.ts';

describe('guarded places', () => {
  it('[S5] are known at any depth, in any case, whether they exist or not', () => {
    for (const file of [
      '.git/hooks/pre-commit',
      '.GIT/config',
      'packages/a/.git/config',
      '.vscode/settings.json',
      '.VSCode',
      '.animus/hooks/x/HOOK.md',
      '.animus/faculties/evil.toml',
      '.agents/skills/x/SKILL.md',
      '.github/skills/x/SKILL.md',
      '.github/workflows/ci.yml',
      '.claude/skills/x/SKILL.md',
      'AGENTS.md',
      'docs/agents.md',
      '.git. /config',
      '.git::$INDEX_ALLOCATION/config',
      '.g\u200dit/config',
      '\uff0egit/config',
      '.envrc',
    ]) {
      assert.notEqual(guardedPlace(file), undefined, file);
    }
  });

  it('are no others', () => {
    for (const file of [
      'src/git/config.ts',
      '.gitignore',
      'github/workflows/ci.yml',
      'vscode/settings.json',
      'agents.md.bak',
      'skills/SKILL.md',
    ]) {
      assert.equal(guardedPlace(file), undefined, file);
    }
  });
});
