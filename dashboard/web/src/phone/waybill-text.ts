import { dictionary } from "../i18n/locale.svelte.ts";
import { waybill } from "../i18n/waybill.zh.ts";

export const wt = dictionary(waybill, async () => (await import("../i18n/waybill.en.ts")).waybill);
