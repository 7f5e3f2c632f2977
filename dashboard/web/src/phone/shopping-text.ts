import { dictionary } from "../i18n/locale.svelte.ts";
import { shopping } from "../i18n/shopping.zh.ts";

export const h = dictionary(shopping, async () => (await import("../i18n/shopping.en.ts")).shopping);
