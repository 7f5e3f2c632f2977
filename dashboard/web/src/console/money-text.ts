import { dictionary } from "../i18n/locale.svelte.ts";
import { money } from "../i18n/money.zh.ts";

export const m = dictionary(money, async () => (await import("../i18n/money.en.ts")).money);
