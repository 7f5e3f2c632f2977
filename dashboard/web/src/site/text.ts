import { dictionary } from "../i18n/locale.svelte.ts";
import { site } from "../i18n/site.zh.ts";

export const t = dictionary(site, async () => (await import("../i18n/site.en.ts")).site);
