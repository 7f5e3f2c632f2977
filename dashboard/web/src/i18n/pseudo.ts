/**
 * A language that nobody speaks, made of English: brackets round every text, accents, and a third more length. What
 * stands on a page without brackets is not in a dictionary; what does not fit will not fit another language.
 */
const ACCENTED: Record<string, string> = { a: "á", e: "é", i: "í", o: "ó", u: "ú", A: "Á", E: "É", I: "Í", O: "Ó", U: "Ú", n: "ñ", c: "ç", y: "ý" };
const LONGER = 1 / 3;

export const marked = (text: string): string => {
  if (text.trim() === "") return text;
  const filler = "~".repeat(Math.ceil(text.length * LONGER));
  return `⟦${text.replace(/[aeiounyc]/gi, (letter) => ACCENTED[letter] ?? letter)}${filler}⟧`;
};

/** A dictionary with every text marked, also those that its functions make. */
export function pseudo<T>(words: T): T {
  if (typeof words === "string") return marked(words) as T;
  if (typeof words === "function") return ((...given: unknown[]) => pseudo((words as unknown as (...all: unknown[]) => unknown)(...given))) as T;
  if (Array.isArray(words)) return words.map(pseudo) as T;
  if (typeof words !== "object" || words === null) return words;
  return Object.fromEntries(Object.entries(words).map(([name, one]) => [name, pseudo(one)])) as T;
}
