/** The wall time, once a second, for ages and clocks; one timer a page. */
import { createSubscriber } from "svelte/reactivity";

let current = Date.now();
const subscribe = createSubscriber((update) => {
  const timer = setInterval(() => {
    current = Date.now();
    update();
  }, 1000);
  return () => clearInterval(timer);
});

export function nowMs(): number {
  subscribe();
  return $effect.tracking() ? current : Date.now();
}
