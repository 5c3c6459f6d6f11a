/** Output and input as they are, in the editor's font. Long ones are cut until somebody wants all of it. */
import { useState } from 'preact/hooks';
import { boundText } from './bound-text.ts';
import { formatCount, plural } from './duration.ts';
import { visibleText } from './visible-text.ts';

type Props = { text: string; isWhole?: boolean };

export function PlainText({ text, isWhole: beginsWhole = false }: Props) {
  const [isWhole, setIsWhole] = useState(beginsWhole);
  const shown = visibleText(text);
  const bound = boundText(shown);
  return (
    <div class="well">
      <pre class="plain-text">{isWhole ? shown : bound.text}</pre>
      {bound.isCut && (
        <button type="button" class="text-button" aria-expanded={isWhole} onClick={() => setIsWhole(!isWhole)}>
          {isWhole ? 'Show Less' : `Show All (${plural(bound.lines, 'line')}, ${formatCount(shown.length)} characters)`}
        </button>
      )}
    </div>
  );
}
