import { tick } from "svelte";

/** Gives the focus to what has just come in the place of what was pressed: `{@attach focused}`. */
export const focused = (node: HTMLElement): void => node.focus({ preventScroll: true });

/** Gives the focus, once the page shows what became of a press, to what `find` finds, where the pressed thing took it away. */
export async function refocus(find: () => HTMLElement | null | undefined): Promise<void> {
  await tick();
  const holder = document.activeElement;
  if (holder === null || holder === document.body || (holder instanceof HTMLButtonElement && holder.disabled)) find()?.focus();
}
