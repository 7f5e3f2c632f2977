import { hotline } from "../i18n/hotline.zh.ts";
import { dictionary } from "../i18n/locale.svelte.ts";

export const ht = dictionary(hotline, async () => (await import("../i18n/hotline.en.ts")).hotline);
