import { dictionary } from "../i18n/locale.svelte.ts";
import { readiness } from "../i18n/readiness.zh.ts";

export const t = dictionary(readiness, async () => (await import("../i18n/readiness.en.ts")).readiness);
