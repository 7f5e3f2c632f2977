import { dictionary } from "../i18n/locale.svelte.ts";
import { fences } from "../i18n/fences.zh.ts";

export const t = dictionary(fences, async () => (await import("../i18n/fences.en.ts")).fences);
