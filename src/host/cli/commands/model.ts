/** animus model list and test. */
import type { ListedModelView, MissingView, ModelTest, ProviderView } from '../../../protocol/models.ts';
import { EXIT } from '../exit-codes.ts';
import { type CliSession, withHost } from '../session.ts';
import { SCRIPT_NOTICE } from '../show.ts';
import { hang, plain, plainLine, type Terminal, table } from '../terminal.ts';

/** Of one provider, in a list of all. */
const SHOWN_MODELS = 12;

export async function modelList(session: CliSession, _options: object, provider?: string): Promise<number> {
  const { terminal, json } = session;
  const asked = provider === undefined ? {} : { provider };
  const listed = await withHost(session, (client) => client.request('model/list', asked));
  if (json) {
    terminal.out(JSON.stringify(listed));
    return EXIT.done;
  }
  const most = provider === undefined ? SHOWN_MODELS : Number.POSITIVE_INFINITY;
  terminal.out(showProviders(terminal, listed.providers, most));
  const chosen = session.config.model ?? listed.default_model;
  terminal.out(
    `\nWithout another choice ${plain(chosen)} answers. ${terminal.paint('dim', 'ANIMUS_MODEL, or model in config.toml or in a faculty, chooses.')}`,
  );
  return EXIT.done;
}

/** What can be asked, with its models, then what is missing for the rest. One provider alone shows all that is known of it. */
export function showProviders(terminal: Terminal, providers: readonly ProviderView[], most: number): string {
  const [only] = providers;
  if (only && providers.length === 1) return showProvider(terminal, only, most);
  const ready = providers.filter(({ missing }) => missing === null);
  const rest = providers.filter(({ missing }) => missing !== null);
  const parts = [...ready.map((provider) => showProvider(terminal, provider, most))];
  if (rest.length > 0) parts.push(showRest(terminal, rest));
  return parts.join('\n\n');
}

function showProvider(terminal: Terminal, provider: ProviderView, most: number): string {
  const { title, name, address, missing, models, more } = provider;
  const where = address === null ? '' : terminal.paint('dim', `  ${plain(address)}`);
  const head = `${terminal.paint('bold', plain(title))}${where}`;
  const lacks = missing === null ? [] : [`  ${hang(sentence(missing), 2, terminal.width)}`];
  const shown = models.slice(0, most);
  const left = models.length - shown.length;
  const rest = left > 0 || more ? [`  … ${left > 0 ? `${left} more` : 'and more'}: animus model list ${name}`] : [];
  const rows = shown.length > 0 ? [table(shown.map(modelRow), terminal.width).replace(/^/gm, '  ')] : [];
  const none = missing === null && shown.length === 0 ? ['  It lists no models: name one as its own pages do.'] : [];
  return [head, ...lacks, ...rows, ...rest, ...none].join('\n');
}

function showRest(terminal: Terminal, providers: readonly ProviderView[]): string {
  const width = Math.max(...providers.map(({ title }) => title.length)) + 4;
  const rows = providers.map(({ title, missing }) => {
    const text = missing === null ? '' : hang(sentence(missing), width, terminal.width);
    return `  ${plain(title).padEnd(width - 2)}${text}`;
  });
  return [terminal.paint('bold', 'What is missing for the others'), ...rows].join('\n');
}

function sentence({ message, next }: MissingView): string {
  return `${message} ${next}`;
}

function modelRow({ name, label, context_tokens, price, is_default }: ListedModelView): string[] {
  return [
    plainLine(name, 80),
    context_tokens === null ? '' : `${tokens(context_tokens)} context`,
    price === null ? '' : `$${price.input} in, $${price.output} out per million`,
    [is_default ? 'default' : '', label ? plainLine(label, 60) : ''].filter(Boolean).join(', '),
  ];
}

function tokens(count: number): string {
  return count >= 1_000_000 ? `${+(count / 1_000_000).toFixed(1)}M` : `${Math.round(count / 1000)}k`;
}

export async function modelTest(session: CliSession, _options: object, model?: string): Promise<number> {
  const { terminal, json, config } = session;
  const wanted = model ?? config.model;
  const asked = wanted === null ? {} : { model: wanted };
  terminal.note(`Asking ${wanted === null ? 'the default model' : plainLine(wanted, 80)} …`);
  const tested = await withHost(session, (client) => client.request('model/test', asked));
  if (json) terminal.out(JSON.stringify(tested));
  else terminal.out(showTest(terminal, tested));
  return codeOf(tested);
}

function codeOf({ error }: ModelTest): number {
  if (error === null) return EXIT.done;
  return error.waits ? EXIT.waitsForPerson : EXIT.workFailed;
}

export function showTest(terminal: Terminal, tested: ModelTest): string {
  const { model, error, text, pieces, first_piece_ms: first, total_ms: total, usage } = tested;
  if (error !== null) {
    const head = `${terminal.paint('red', 'failed')}  ${plain(model)}  ${plain(error.kind)}`;
    return [head, `  ${hang(error.message, 2, terminal.width)}`, `  ${hang(error.next, 2, terminal.width)}`].join('\n');
  }
  const about = usage?.estimated ? 'about ' : '';
  const facts = [
    first === null ? '' : `first text after ${first} ms`,
    pieces === 1 ? 'in one piece' : `${pieces} pieces`,
    `${total} ms in all`,
    usage === null ? '' : `${about}${usage.input} tokens in, ${about}${usage.output} out`,
    costText(tested, about),
  ];
  const lines = [
    `${terminal.paint('green', 'answers')}  ${plain(model)}`,
    `  ${hang(text.trim() || '(no text)', 2, terminal.width)}`,
    `  ${terminal.paint('dim', facts.filter((fact) => fact !== '').join(' · '))}`,
  ];
  if (model.startsWith('scripted/')) lines.push(`  ${terminal.paint('yellow', SCRIPT_NOTICE)}`);
  return lines.join('\n');
}

function costText({ model, cost_usd: cost }: ModelTest, about: string): string {
  if (model.startsWith('scripted/')) return 'no cost';
  return cost === null ? 'cost unknown' : `${about}$${cost.toFixed(6)}`;
}
