/** Gives the focus to what has just come in the place of what was pressed: `{@attach focused}`. */
export const focused = (node: HTMLElement): void => node.focus({ preventScroll: true });
