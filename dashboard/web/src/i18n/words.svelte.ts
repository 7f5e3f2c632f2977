import { pick } from "./locale.svelte.ts";
import * as namesEn from "./names.en.ts";
import * as namesZh from "./names.zh.ts";
import { words as en } from "./words.en.ts";
import { words as zh, type Words } from "./words.zh.ts";

/** The shared words in the language of the page. */
export const w = (): Words => pick(zh, en);

/** The names of states and kinds in the language of the page, as the server packages have them. */
export const n = (): typeof namesZh => pick<typeof namesZh>(namesZh, namesEn);
