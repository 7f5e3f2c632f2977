import { phone } from "../i18n/phone.zh.ts";
import { dictionary } from "../i18n/locale.svelte.ts";

export const t = dictionary(phone, async () => (await import("../i18n/phone.en.ts")).phone);
