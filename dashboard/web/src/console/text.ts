import { desk as en } from "../i18n/console.en.ts";
import { desk as zh, type DeskWords } from "../i18n/console.zh.ts";
import { pick } from "../i18n/locale.svelte.ts";

export const t = (): DeskWords => pick(zh, en);

/** A short name for an order, for people who talk about it: the tail of its id. */
export const orderNumber = (id: string): string => id.slice(-6).toUpperCase();
