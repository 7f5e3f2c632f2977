/** Priorities of kinds of merchant as a form has them: a field for each kind, empty or 0 for none. Pure. */
export type Levels = Readonly<Record<string, number>>;
export type LevelFields = Record<string, number | null>;

/** A field for each kind that the zone has, and for each that has a level although nobody of it is left. */
export function fieldsOf(kinds: readonly string[], levels: Levels): LevelFields {
  const all = [...new Set([...kinds, ...Object.keys(levels)])].sort();
  return Object.fromEntries(all.map((kind) => [kind, levels[kind] ?? 0]));
}

/** What is sent: kinds without a level are left out. */
export const levelsOf = (fields: LevelFields): Record<string, number> =>
  Object.fromEntries(Object.entries(fields).filter((one): one is [string, number] => one[1] !== null && one[1] !== 0));

/** The kinds whose level differs, with both. */
export const changedLevels = (before: Levels, now: Levels): [kind: string, before: number, now: number][] =>
  [...new Set([...Object.keys(before), ...Object.keys(now)])]
    .sort()
    .map((kind): [string, number, number] => [kind, before[kind] ?? 0, now[kind] ?? 0])
    .filter(([, was, is]) => was !== is);
