import { records } from "../i18n/records.zh.ts";
import { dictionary } from "../i18n/locale.svelte.ts";

export const t = dictionary(records, async () => (await import("../i18n/records.en.ts")).records);
