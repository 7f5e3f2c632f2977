/** What was refused, in words: the field and what it must be, else what the page says of all problems. */
import type { Problem } from "../api/http.ts";
import { bounds } from "../i18n/bounds.zh.ts";
import { dictionary } from "../i18n/locale.svelte.ts";
import { w } from "../i18n/words.svelte.ts";
import { refusedField } from "./bounds.ts";
import { explain } from "./problem.ts";

export const b = dictionary(bounds, async () => (await import("../i18n/bounds.en.ts")).bounds);

/** `names` are the page's own words for its fields. */
export const refused = (problem: Problem, names: Readonly<Record<string, string>> = {}): string => refusedField(problem, names, b()) || explain(problem, w());
