/** Looking again while a page is open and seen: for what comes by itself and nobody should press a button for. */
import { untrack } from "svelte";

export const AGAIN_MS = 5_000;

/** Calls `look` every `pauseMs` until the component goes; not while the page is hidden. Call it at the top level. */
export function every(pauseMs: number, look: () => void): void {
  $effect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) untrack(look);
    }, pauseMs);
    return () => clearInterval(timer);
  });
}
