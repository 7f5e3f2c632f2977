import { dictionary } from "../i18n/locale.svelte.ts";
import { ordering } from "../i18n/ordering.zh.ts";

/** Apart from the page's other words: nobody chooses goods before the first screen is there. */
export const o = dictionary(ordering, async () => (await import("../i18n/ordering.en.ts")).ordering);
