import { collected } from "../i18n/collected.zh.ts";
import { dictionary } from "../i18n/locale.svelte.ts";

export const c = dictionary(collected, async () => (await import("../i18n/collected.en.ts")).collected);
