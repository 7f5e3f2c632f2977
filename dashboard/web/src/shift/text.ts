import { shift } from "../i18n/shift.zh.ts";
import { dictionary } from "../i18n/locale.svelte.ts";

export const sh = dictionary(shift, async () => (await import("../i18n/shift.en.ts")).shift);
