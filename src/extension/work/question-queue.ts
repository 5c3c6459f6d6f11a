/**
 * Questions of work, told to a person one at a time and each once. What was answered elsewhere meanwhile keeps the next one
 * from nothing, though its notification cannot be taken back. Knows nothing of VS Code.
 */
import type { QuestionView } from '../../protocol/work.ts';
import type { Stop } from '../listeners.ts';
import type { WorkModel } from './work-model.ts';

/** Resolves when the notification is gone, whatever became of it. */
export type Tell = (question: QuestionView, more: number) => Promise<void>;

export class QuestionQueue {
  #model: Pick<WorkModel, 'all' | 'onChange'>;
  #tell: Tell;
  #onError: (error: unknown) => void;
  #told = new Set<string>();
  /** What is being told, and the hand that ends it when it was answered elsewhere. */
  #telling: { id: string; giveUp(): void } | undefined;
  #stop: Stop;

  constructor(model: Pick<WorkModel, 'all' | 'onChange'>, tell: Tell, onError: (error: unknown) => void) {
    this.#model = model;
    this.#tell = tell;
    this.#onError = onError;
    this.#stop = model.onChange(() => {
      const { id, giveUp } = this.#telling ?? {};
      if (id !== undefined && !this.#open().some((question) => question.id === id)) giveUp?.();
      void this.#next();
    });
  }

  dispose(): void {
    this.#stop.dispose();
  }

  /** What waits for an answer, the oldest first. */
  #open(): QuestionView[] {
    return this.#model
      .all()
      .flatMap(({ item }) => (item.question ? [item.question] : []))
      .sort((a, b) => a.created_at.localeCompare(b.created_at));
  }

  async #next(): Promise<void> {
    if (this.#telling) return;
    const untold = this.#open().filter(({ id }) => !this.#told.has(id));
    const [question] = untold;
    if (!question) return;
    const answered = Promise.withResolvers<void>();
    this.#telling = { id: question.id, giveUp: answered.resolve };
    this.#told.add(question.id);
    try {
      await Promise.race([this.#tell(question, untold.length - 1), answered.promise]);
    } catch (error) {
      this.#onError(error);
    }
    this.#telling = undefined;
    await this.#next();
  }
}
