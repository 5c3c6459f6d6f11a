/** The parts of the page between which F6 moves the keyboard, in its order. */

const LANES = '.lanes';
const STEPS = '.steps';
const DETAIL = '.detail-region';

export function panes(): (HTMLElement | null)[] {
  return [LANES, STEPS, DETAIL].map((part) => document.querySelector<HTMLElement>(part));
}

export function stepsPane(): HTMLElement | null {
  return document.querySelector<HTMLElement>(STEPS);
}
