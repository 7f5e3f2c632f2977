import { violations } from "../i18n/violations.zh.ts";
import { dictionary } from "../i18n/locale.svelte.ts";

export const v = dictionary(violations, async () => (await import("../i18n/violations.en.ts")).violations);
