import { dictionary } from "../i18n/locale.svelte.ts";
import { reasons } from "../i18n/reasons.zh.ts";

export const r = dictionary(reasons, async () => (await import("../i18n/reasons.en.ts")).reasons);
