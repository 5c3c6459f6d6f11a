/** A button that is an icon; its label is what a screen reader and the tooltip say. */
import { Icon } from './icon.tsx';
import type { IconName } from './icon-names.ts';

type Props = { icon: IconName; label: string; pressed?: boolean; onPress(event: MouseEvent): void };

export function IconButton({ icon, label, pressed, onPress }: Props) {
  return (
    <button
      type="button"
      class={pressed ? 'icon-button on' : 'icon-button'}
      title={label}
      aria-label={label}
      aria-pressed={pressed}
      onClick={onPress}
    >
      <Icon name={icon} />
    </button>
  );
}
