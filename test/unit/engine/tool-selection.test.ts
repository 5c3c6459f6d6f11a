import assert from 'node:assert/strict';
import { ledgerAppend } from '../../../src/host/engine/tools/ledger-append.ts';
import { ledgerRead } from '../../../src/host/engine/tools/ledger-read.ts';
import { reportOutcome } from '../../../src/host/engine/tools/report-outcome.ts';
import { selectTools, toolDefinition } from '../../../src/host/engine/tools/select-tools.ts';
import { createWorkspaceTools } from '../../../src/host/engine/tools/workspace-tools.ts';

const workspaceTools = createWorkspaceTools(
  { ...{ environment: {}, storeId: 'a', confine: 'off' }, findConfinement: async () => undefined },
  { reach: { allowPrivate: [] }, userAgent: 'Animus/test' },
);
const always = [reportOutcome, ledgerAppend, ledgerRead];
const ALWAYS = ['report_outcome', 'ledger_append', 'ledger_read'];

const chosen = (...patterns: string[]) => selectTools(always, workspaceTools, patterns).map(({ name }) => name);

describe('the tools of a focus', () => {
  it("[eng-1] are the engine's, and those of the workspace that the faculty names", () => {
    assert.deepEqual(chosen(), ALWAYS);
    assert.deepEqual(chosen('*'), [
      ...ALWAYS,
      ...['read_file', 'list_files', 'search_text', 'write_file', 'edit_file', 'run_command', 'web_fetch'],
    ]);
    assert.deepEqual(chosen('read_file'), [...ALWAYS, 'read_file']);
    assert.deepEqual(chosen('*_file*', 'absent'), [...ALWAYS, 'read_file', 'list_files', 'write_file', 'edit_file']);
    assert.deepEqual(chosen('read'), ALWAYS);
  });

  it('[eng-1] are told with a name, a description and a closed schema that providers take', () => {
    for (const tool of [...always, ...workspaceTools]) {
      const { name, description, inputSchema } = toolDefinition(tool);
      assert.match(name, /^[a-z][a-z_]{0,63}$/);
      assert.ok(description.length > 80, name);
      assert.deepEqual([inputSchema.type, inputSchema.additionalProperties], ['object', false], name);
      assert.ok(!('$schema' in inputSchema), name);
    }
  });
});
