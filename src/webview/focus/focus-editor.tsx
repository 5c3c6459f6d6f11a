/** The whole editor: header, lanes, and steps beside or above their detail. */
import { useEffect, useRef } from 'preact/hooks';
import { focusNextRegion, isPlain, isTyping } from '../shared/list-keys.ts';
import { ViewStateBanner } from '../shared/view-state-banner.tsx';
import { Detail } from './detail.tsx';
import { Header } from './header.tsx';
import { Lanes } from './lanes.tsx';
import { follow, goToNextTurn, type Scrollers } from './navigation.ts';
import { StepList } from './step-list.tsx';
import type { FocusStore } from './store.ts';

type Props = { store: FocusStore; scrollers: Scrollers };

export function FocusEditor({ store, scrollers }: Props) {
  const lanes = useRef<HTMLDivElement>(null);
  const steps = useRef<HTMLElement>(null);
  const detail = useRef<HTMLElement>(null);
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key === 'F6') focusNextRegion([lanes.current, steps.current, detail.current], event.shiftKey);
      else if (event.key === 'Escape') steps.current?.querySelector<HTMLElement>('.virtual [tabindex="0"]')?.focus();
      else if (isTyping(event) || !isPlain(event) || event.defaultPrevented) return;
      else if (event.key === 'f') follow(store, !store.follows.value);
      else if (event.key === 'j') goToNextTurn(store, scrollers, 1);
      else if (event.key === 'k') goToNextTurn(store, scrollers, -1);
      else return;
      event.preventDefault();
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, [store, scrollers]);
  const hasContent = store.focus.value !== null;
  return (
    <div class={store.isWide.value ? 'focus-editor wide' : 'focus-editor narrow'}>
      <ViewStateBanner
        state={store.viewState.value}
        isWhole={!hasContent}
        onCommand={(command) => store.post({ type: 'command', command })}
      />
      {hasContent && (
        <>
          <Header store={store} />
          <div ref={lanes}>
            <Lanes store={store} scrollers={scrollers} />
          </div>
          <div class="focus-main">
            <nav class="steps" aria-label="Steps and turns" ref={steps}>
              <StepList store={store} scrollers={scrollers} />
            </nav>
            <section class="detail-region" aria-label="Detail" ref={detail}>
              <Detail store={store} scrollers={scrollers} />
            </section>
          </div>
        </>
      )}
    </div>
  );
}
