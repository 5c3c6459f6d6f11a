/** The whole editor: header, lanes, and steps beside or above their detail. */
import { useEffect } from 'preact/hooks';
import { isPlain, isTyping } from '../shared/list-keys.ts';
import { ViewStateBanner } from '../shared/view-state-banner.tsx';
import { Header } from './header.tsx';
import { Lanes } from './lanes.tsx';
import { follow, goToNextTurn, type Scrollers } from './navigation.ts';
import { stepsPane } from './panes.ts';
import { Split } from './split.tsx';
import type { FocusStore } from './store.ts';

type Props = { store: FocusStore; scrollers: Scrollers };

export function FocusEditor({ store, scrollers }: Props) {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key === 'Escape') stepsPane()?.querySelector<HTMLElement>('.virtual [tabindex="0"]')?.focus();
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
          <Lanes store={store} scrollers={scrollers} />
          <Split store={store} scrollers={scrollers} />
        </>
      )}
    </div>
  );
}
