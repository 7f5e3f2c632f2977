import { dictionary } from "../i18n/locale.svelte.ts";
import { pay } from "../i18n/pay.zh.ts";

/** Apart from the page's other words: nobody pays before the first screen is there. */
export const p = dictionary(pay, async () => (await import("../i18n/pay.en.ts")).pay);
