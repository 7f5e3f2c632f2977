import { dictionary } from "../i18n/locale.svelte.ts";
import { merchant } from "../i18n/merchant.zh.ts";

export const t = dictionary(merchant, async () => (await import("../i18n/merchant.en.ts")).merchant);

export const orderNumber = (id: string): string => id.slice(-6).toUpperCase();
