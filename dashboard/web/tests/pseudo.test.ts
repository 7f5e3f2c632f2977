/** The language made for tests: every text of a dictionary is marked, whatever makes it. */
import { expect, test } from "vitest";
import { marked, pseudo } from "../src/i18n/pseudo.ts";

test("texts, lists, functions and what lies deeper are marked; numbers are not", () => {
  const words = pseudo({ save: "Save", days: ["Mon"], of: (n: number) => `${n} of all`, deep: { why: "Because" }, most: 3 });
  for (const text of [words.save, words.days[0]!, words.of(2), words.deep.why]) expect(text).toMatch(/^⟦.+⟧$/);
  expect(words.of(2)).toContain("2 óf áll");
  expect(words.most).toBe(3);
});

test("a text is a third longer, and an empty one stays empty", () => {
  expect(marked("abcdef").length).toBe(6 + 2 + 2);
  expect([marked(""), marked(" ")]).toEqual(["", " "]);
});
