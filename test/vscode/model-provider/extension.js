/**
 * A provider of language models and of tools, as extensions of VS Code bring them. It plays a small script: a finding through a tool, then
 * the report, then the end; each answer in pieces. What it was asked is kept for the tests in $ANIMUS_TEST_ASKED.
 */
const { appendFileSync } = require('node:fs');
const vscode = require('vscode');

const model = (id, name) => ({
  ...{ id, name, family: 'tests-family', version: '1.0', maxInputTokens: 32_000, maxOutputTokens: 4096 },
  capabilities: { toolCalling: true },
});
const MODELS = [model('plain', 'Tests Plain'), model('broken', 'Tests Broken'), model('endless', 'Tests Endless')];

const call = (name, input) => ({ name, input });
const TURNS = [
  {
    text: 'I look at the folder.',
    calls: [call('ledger_append', { entry_type: 'finding', content: 'Seen by a model of VS Code.' })],
  },
  { text: '', calls: [call('report_outcome', { success: true, summary: 'A model of VS Code did it.' })] },
  { text: 'Done.', calls: [] },
];

function plain(part) {
  if (part instanceof vscode.LanguageModelTextPart) return { text: part.value };
  if (part instanceof vscode.LanguageModelToolCallPart)
    return { call: part.callId, name: part.name, input: part.input };
  if (part instanceof vscode.LanguageModelToolResultPart) {
    return { result: part.callId, text: part.content.map((inner) => inner.value ?? '').join('') };
  }
  return { other: String(part) };
}

function note(line) {
  const file = process.env.ANIMUS_TEST_ASKED;
  if (file) appendFileSync(file, `${JSON.stringify(line)}\n`);
}

function remember(id, messages, options) {
  note({
    model: id,
    messages: messages.map(({ role, content }) => ({ role, content: content.map(plain) })),
    tools: (options.tools ?? []).map(({ name }) => name),
    mode: options.toolMode,
  });
}

async function answer({ id }, messages, options, progress, token) {
  remember(id, messages, options);
  if (id === 'broken') throw new Error('This model is broken on purpose.');
  const done = messages
    .flatMap(({ content }) => [...content])
    .filter((part) => part instanceof vscode.LanguageModelToolCallPart);
  // A question without tools is a test of the model itself.
  const turn = options.tools?.length
    ? (TURNS[Math.min(done.length, TURNS.length - 1)] ?? TURNS[0])
    : { text: 'ready', calls: [] };
  if (id === 'endless') {
    while (!token.isCancellationRequested) {
      progress.report(new vscode.LanguageModelTextPart('and on '));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    note({ cancelled: id });
    return;
  }
  for (const piece of turn.text.match(/\S+\s*/g) ?? []) progress.report(new vscode.LanguageModelTextPart(piece));
  turn.calls.forEach(({ name, input }, at) => {
    progress.report(new vscode.LanguageModelToolCallPart(`call-${done.length + at}`, name, input));
  });
}

/** As `renderElementJSON` of @vscode/prompt-tsx makes it. */
const rendered = (text) => ({
  node: { type: 1, ctor: 2, children: [{ type: 2, text, lineBreakBefore: true, priority: 0 }] },
});

const echo = {
  invoke: ({ input: { text }, toolInvocationToken }) => {
    note({ called: 'tests_echo', text, inChat: toolInvocationToken !== undefined });
    return new vscode.LanguageModelToolResult([
      new vscode.LanguageModelTextPart(`text ${text}`),
      new vscode.LanguageModelPromptTsxPart(rendered(`prompt ${text}`)),
      vscode.LanguageModelDataPart.json({ json: text }),
      vscode.LanguageModelDataPart.image(new Uint8Array(3), 'image/png'),
    ]);
  },
};

const confirmed = {
  prepareInvocation: ({ input: { text } }) => ({
    confirmationMessages: { title: `Give back “${text}”?`, message: 'The extension asks for it.' },
  }),
  invoke: ({ input: { text } }) => {
    note({ called: 'tests_confirmed', text });
    return new vscode.LanguageModelToolResult([new vscode.LanguageModelTextPart(`confirmed ${text}`)]);
  },
};

const broken = {
  invoke: () => {
    throw new Error('This tool is broken on purpose.');
  },
};

const endless = {
  invoke: (_options, token) => {
    note({ called: 'tests_endless' });
    return new Promise((resolve) => {
      token.onCancellationRequested(() => {
        note({ cancelled: 'tests_endless' });
        resolve(new vscode.LanguageModelToolResult([]));
      });
    });
  },
};

exports.activate = (context) => {
  context.subscriptions.push(
    vscode.lm.registerTool('tests_echo', echo),
    vscode.lm.registerTool('tests_confirmed', confirmed),
    vscode.lm.registerTool('tests_broken', broken),
    vscode.lm.registerTool('tests_endless', endless),
    vscode.lm.registerLanguageModelChatProvider('tests', {
      provideLanguageModelChatInformation: () => MODELS,
      provideLanguageModelChatResponse: answer,
      provideTokenCount: async (_model, text) => Math.ceil(JSON.stringify(text).length / 4),
    }),
  );
};
