/** What a cell of the map says, in the language of the moment. */
import { locale } from "../i18n/locale.svelte.ts";
import { n } from "../i18n/names.svelte.ts";
import { thousands } from "../format.ts";
import { CONDITIONS } from "../live/decode.ts";
import type { CellWords } from "../map/cells.ts";
import { t } from "./text.ts";

const MARKS = { none: "", info: "", warning: "△", major: "▲", critical: "▲▲" } as const;
/** From here on a label has no room for every digit. */
const COMPACT = 10_000;

const compacts = new Map<string, Intl.NumberFormat>();

/** One of a language: to make it takes as long as to say hundreds of counts, which change every second. */
function compact(language: string): Intl.NumberFormat {
  let format = compacts.get(language);
  if (!format) compacts.set(language, (format = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 })));
  return format;
}

export function cellWords(): CellWords {
  return {
    count: (count) =>
      count < COMPACT
        ? thousands(count)
        : compact(locale.current).format(count),
    worst: (worst) => (MARKS[worst] === "" || worst === "none" ? "" : `\n${MARKS[worst]} ${n().severity[worst]}`),
    lines: (cell) => [
      t().cellCount(thousands(cell.count)),
      ...CONDITIONS.flatMap((condition, i) =>
        cell.conditions[i]! > 0 ? [`${n().condition[condition]} ${thousands(cell.conditions[i]!)}`] : [],
      ),
      ...(cell.worst === "none" ? [] : [t().cellWorst(n().severity[cell.worst])]),
    ],
  };
}
