import { desk } from "../i18n/console.zh.ts";
import { dictionary } from "../i18n/locale.svelte.ts";

export const t = dictionary(desk, async () => (await import("../i18n/console.en.ts")).desk);

/** A short name for an order, for people who talk about it: the tail of its id. */
export const orderNumber = (id: string): string => id.slice(-6).toUpperCase();
