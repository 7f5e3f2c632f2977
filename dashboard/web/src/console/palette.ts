/** What the command palette offers and how words are found in it. Pure. */

export const GROUPS = ["view", "vehicle", "alarm", "order", "page", "setting"] as const;
export type Group = (typeof GROUPS)[number];

export interface Entry {
  readonly id: string;
  readonly group: Group;
  readonly label: string;
  /** A second line, also searched: a place, a state. */
  readonly detail: string;
  readonly run: () => void;
}

/** Vehicles, alarms and orders are hundreds: without a word none is offered, with one the best few. */
const FEW: readonly Group[] = ["view", "page", "setting"];
const MOST_OF_A_GROUP = 6;

/** 0: begins with the words, 1: a word of it does, 2: holds them somewhere, undefined: not at all. */
function rank(entry: Entry, words: readonly string[]): number | undefined {
  const label = entry.label.toUpperCase();
  const all = `${label} ${entry.detail.toUpperCase()}`;
  if (!words.every((word) => all.includes(word))) return undefined;
  const first = words[0] ?? "";
  if (label.startsWith(first)) return 0;
  return all.split(/[\s\-·/,]+/).some((part) => part.startsWith(first)) ? 1 : 2;
}

/** Entries that hold every word of `text`, group by group, in each the best first; of what is hundreds at most six. */
export function found(entries: readonly Entry[], text: string): Entry[] {
  const words = text.toUpperCase().split(/\s+/).filter(Boolean);
  const offered = words.length > 0 ? entries : entries.filter((entry) => FEW.includes(entry.group));
  const ranked = offered
    .map((entry) => ({ entry, rank: rank(entry, words) }))
    .filter((one): one is { entry: Entry; rank: number } => one.rank !== undefined)
    .sort((a, b) => a.rank - b.rank);
  return GROUPS.flatMap((group) =>
    ranked
      .filter(({ entry }) => entry.group === group)
      .slice(0, FEW.includes(group) ? undefined : MOST_OF_A_GROUP)
      .map(({ entry }) => entry),
  );
}

/** The index after a step in a list that goes round; 0 in an empty one. */
export const stepped = (at: number, by: number, count: number): number => (count === 0 ? 0 : (at + by + count) % count);
