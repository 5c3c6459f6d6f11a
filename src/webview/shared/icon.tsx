/** An icon never stands alone: a word or a label is beside it. */
import { GLYPHS, type Hue, type IconName } from './icon-names.ts';

type Props = { name: IconName; hue?: Hue | undefined; size?: 12 | 14 | 16; spins?: boolean };

export function Icon({ name, hue, size = 16, spins = false }: Props) {
  const classes = ['codicon', `size-${size}`, hue && `hue-${hue}`, spins && 'spins'].filter(Boolean);
  return (
    <i class={classes.join(' ')} aria-hidden="true">
      {GLYPHS[name]}
    </i>
  );
}
