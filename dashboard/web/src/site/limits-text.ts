import { dictionary } from "../i18n/locale.svelte.ts";
import { limits } from "../i18n/limits.zh.ts";

export const l = dictionary(limits, async () => (await import("../i18n/limits.en.ts")).limits);
