/** Ids of orders that ring now: new ones that nobody has seen. */
export const unseen = (created: readonly string[], seen: ReadonlySet<string>): string[] => created.filter((id) => !seen.has(id));
