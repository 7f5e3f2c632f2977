import { dictionary } from "../i18n/locale.svelte.ts";
import { waybills } from "../i18n/waybills.zh.ts";

export const wb = dictionary(waybills, async () => (await import("../i18n/waybills.en.ts")).waybills);
