/** What the server refused of a fence, in words. Pure. */
import type { Problem } from "../api/http.ts";
import type { fences } from "../i18n/fences.zh.ts";
import { bound, type Bounds } from "../parts/bounds.ts";

type Words = typeof fences;

/** The field with its limit, or the place on the border, and which of several fences it is; `other` where none is named. */
export function refusal(problem: Problem, words: Words, b: Bounds, other: string): string {
  if (problem.code === "already-exists") return words.form.exists;
  if (problem.code === "version-mismatch") return words.form.changed;
  if (problem.kind === "forbidden" && problem.fields["field"] !== undefined) return words.pane.notYours;
  const { field, limit, lat, lng } = problem.fields;
  if (typeof field !== "string") return other;
  const inner = /^features\[(\d+)\]\.?(.*)$/.exec(field);
  const which = inner ? `${words.form.fence(Number(inner[1]) + 1)} · ` : "";
  if (typeof lat === "number" && typeof lng === "number") return which + words.form.wrongAt(`${lat.toFixed(6)}, ${lng.toFixed(6)}`);
  const path = inner?.[2] ?? field;
  return which + b.field(nameOf(path, words), bound(limit ?? problem.code, path, b));
}

/** The words of the deepest part of a field's path that has some; the path itself where none has. */
function nameOf(path: string, words: Words): string {
  const parts = path.replace(/^properties\./, "").replace(/\[.*?\]/g, "").split(".");
  for (let n = parts.length; n > 0; n--) {
    const name = words.fields[parts.slice(0, n).join(".").replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)];
    if (name !== undefined) return name;
  }
  return path;
}
