import { dictionary } from "../i18n/locale.svelte.ts";
import { sweeping } from "../i18n/sweeping.zh.ts";

export const s = dictionary(sweeping, async () => (await import("../i18n/sweeping.en.ts")).sweeping);
