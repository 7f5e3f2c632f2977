/** What a refused field must be, out of the limit that the server named. Pure. */
import type { Problem } from "../api/http.ts";
import { dayTime, money } from "../format.ts";
import type { bounds } from "../i18n/bounds.zh.ts";

export type Bounds = typeof bounds;

const NUMBER = String.raw`(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)`;
const DAY_OR_MOMENT = String.raw`(\d{4}-\d\d-\d\d(?:T\S+)?)`;
/** How the server writes limits, msgspec's `Expected …` among them, and the words for each. */
const FORMS: readonly (readonly [RegExp, (b: Bounds, one: string, two: string) => string])[] = [
  [new RegExp(`^${NUMBER} to ${NUMBER}(?: (.+))?$`), (b, from, to) => b.between(from, to)],
  [new RegExp(`^(?:at most|≤|<=|Expected \`\\w+\` (?:of length )?<=) ?${NUMBER}(?: (.+))?$`), (b, n) => b.most(n)],
  [new RegExp(`^(?:at least|≥|>=|Expected \`\\w+\` (?:of length )?>=) ?${NUMBER}(?: (.+))?$`), (b, n) => b.least(n)],
  [new RegExp(`^(?:>|Expected \`\\w+\` >) ?${NUMBER}$`), (b, n) => b.more(n)],
  [new RegExp(`^(?:<|Expected \`\\w+\` <) ?${NUMBER}$`), (b, n) => b.less(n)],
  [new RegExp(`^${NUMBER} more$`), (b, n) => b.left(n)],
  [new RegExp(`^not before ${DAY_OR_MOMENT}$`), (b, at) => b.notBefore(at)],
  [new RegExp(`^after ${DAY_OR_MOMENT}$`), (b, at) => b.after(at)],
  [new RegExp(`^up to ${DAY_OR_MOMENT}$`), (b, at) => b.upTo(at)],
];
/** Fields of text: their limit is a length. */
const TEXTS = new Set(["reason", "note", "comment", "words", "said", "cause", "description", "name", "nameZh", "nameEn", "lines.note"]);

/** A limit in words; what is written in none of the known ways stays as the server wrote it. */
export function bound(limit: unknown, field: string, b: Bounds): string {
  const isText = TEXTS.has(field);
  if (typeof limit === "number") return isText ? b.between("1", with_(String(limit), "characters", b)) : b.most(valueOf(String(limit), field));
  const text = String(limit).trim();
  if (Object.hasOwn(b.exact, text)) return b.exact[text]!;
  if (text.startsWith("Object missing required field")) return b.exact["is missing"]!;
  for (const [form, say] of FORMS) {
    const [, one, two, unit] = withUnit(form.exec(text));
    if (one === undefined) continue;
    const measured = unit || (isText || text.includes("of length") ? "characters" : "");
    if (two !== undefined) return say(b, valueOf(one, field), with_(valueOf(two, field), measured, b));
    return say(b, with_(valueOf(one, field), measured, b), "");
  }
  return b.other(text);
}

/** One number or two, and the unit behind them. */
function withUnit(found: RegExpExecArray | null): [whole: string | undefined, one: string | undefined, two: string | undefined, unit: string] {
  if (!found) return [undefined, undefined, undefined, ""];
  const [whole, one, second, third] = found;
  const isSpan = found.length === 4;
  return isSpan ? [whole, one, second, third ?? ""] : [whole, one, undefined, second ?? ""];
}

const with_ = (value: string, unit: string, b: Bounds): string => (unit === "" ? value : `${value} ${b.units[unit] ?? unit}`);

/** A number as the page shows the field: money in yuan, moments in Shanghai, else with the unit in its name. */
function valueOf(text: string, field: string): string {
  if (text.includes("T")) return dayTime(text);
  if (/^\d{4}-/.test(text)) return text;
  if (field.endsWith("Fen")) return money(Number(text));
  const unit = /(?<=[a-z])(Mps|M2|Km|Cm|M|S|G)$/.exec(field)?.[1];
  const number = text.replace(/\.0+$/, "");
  return unit ? `${number} ${UNITS[unit]}` : number;
}

const UNITS: Readonly<Record<string, string>> = { Mps: "m/s", M2: "m²", Km: "km", Cm: "cm", M: "m", S: "s", G: "g" };

/**
 * The field that was refused and what it must be, the field in the words of `names`; "" where the problem names no
 * field with a limit, or one that has no words.
 */
export function refusedField(problem: Problem, names: Readonly<Record<string, string>>, b: Bounds): string {
  const { field, limit } = problem.fields;
  if (typeof field !== "string" || limit == null) return "";
  const name = wordsOf(field, { ...b.fields, ...names });
  return name === "" ? "" : b.field(name, bound(limit, field, b));
}

/** The words of a field: of its whole path, else of the part that the page knows, the outermost first. */
function wordsOf(field: string, names: Readonly<Record<string, string>>): string {
  const path = field.replace(/\[.*?\]/g, "");
  const parts = path.split(".");
  const found = [path, ...parts].find((part) => Object.hasOwn(names, part));
  return found === undefined ? "" : names[found]!;
}
