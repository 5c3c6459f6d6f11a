/** What the work asks a person, above its steps. The text is an agent's, and stays text. */
import { Icon } from '../shared/icon.tsx';
import { visibleText } from '../shared/visible-text.ts';
import type { FocusStore } from './store.ts';

export function QuestionNotice({ store }: { store: FocusStore }) {
  const question = store.item.value?.question;
  if (!question || question.focus_id !== store.focus.value?.id) return null;
  return (
    <div class="question" role="status">
      <p>
        <Icon name="question" hue="you" />
        <span>{visibleText(question.text)}</span>
      </p>
      <button type="button" class="button" onClick={() => store.post({ type: 'command', command: 'answer' })}>
        Answer…
      </button>
    </div>
  );
}
