import { dictionary } from "../i18n/locale.svelte.ts";
import { stock } from "../i18n/stock.zh.ts";

export const b = dictionary(stock, async () => (await import("../i18n/stock.en.ts")).stock);
