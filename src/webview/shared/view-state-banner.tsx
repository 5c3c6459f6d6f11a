/** Why a view shows nothing new, and what can be done about it: in place of the content, or in a line above it. */
import type { ViewCommand, ViewState } from '../../protocol/webview.ts';
import { Icon } from './icon.tsx';
import type { Hue, IconName } from './icon-names.ts';
import { visibleText } from './visible-text.ts';

const SIGNS: Record<Exclude<ViewState['kind'], 'ready'>, { icon: IconName; hue: Hue }> = {
  starting: { icon: 'loading', hue: 'running' },
  down: { icon: 'debug-disconnect', hue: 'idle' },
  failed: { icon: 'error', hue: 'dead' },
  untrusted: { icon: 'shield', hue: 'you' },
};

type Props = { state: ViewState; isWhole: boolean; onCommand(command: ViewCommand): void };

export function ViewStateBanner({ state, isWhole, onCommand }: Props) {
  if (state.kind === 'ready') return null;
  const { icon, hue } = SIGNS[state.kind];
  return (
    <div class={isWhole ? 'state-banner whole' : 'state-banner'} role={state.kind === 'failed' ? 'alert' : 'status'}>
      <p>
        <Icon name={icon} hue={hue} spins={state.kind === 'starting'} />
        <span>{visibleText(state.message)}</span>
      </p>
      {state.actions.length > 0 && (
        <div class="state-actions">
          {state.actions.map(({ command, title }, at) => (
            <button
              key={command}
              type="button"
              class={at === 0 ? 'button' : 'button secondary'}
              onClick={() => onCommand(command)}
            >
              {title}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
