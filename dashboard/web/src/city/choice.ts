/** Whom the map shows, as words of the address: `fs`, `fd` and `fo`, several names with commas. */
import type { Choice } from "../live/feed.ts";

/** Axis of a choice → its name in the address. */
export const FILTER_NAMES = { services: "fs", districts: "fd", operators: "fo" } as const;
export type Axis = keyof typeof FILTER_NAMES;
export const AXES = Object.keys(FILTER_NAMES) as Axis[];

/** The choice that an address holds; undefined for everybody. Pure. */
export function choiceOf(get: (name: string) => string | undefined): Choice | undefined {
  const choice: { -readonly [axis in Axis]?: string[] } = {};
  for (const axis of AXES) {
    const names = (get(FILTER_NAMES[axis]) ?? "").split(",").filter((name) => name !== "");
    if (names.length > 0) choice[axis] = names;
  }
  return Object.keys(choice).length > 0 ? choice : undefined;
}
