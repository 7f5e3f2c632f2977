import { pick } from "./locale.svelte.ts";
import { words as en } from "./words.en.ts";
import { words as zh, type Words } from "./words.zh.ts";

/** The shared words in the language of the page. */
export const w = (): Words => pick(zh, en);
