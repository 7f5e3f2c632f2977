import { dictionary } from "./locale.svelte.ts";
import { words } from "./words.zh.ts";

/** The shared words in the language of the page. */
export const w = dictionary(words, async () => (await import("./words.en.ts")).words);
