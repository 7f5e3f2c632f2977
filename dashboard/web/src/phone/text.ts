import { pick } from "../i18n/locale.svelte.ts";
import { phone as en } from "../i18n/phone.en.ts";
import { phone as zh, type PhoneWords } from "../i18n/phone.zh.ts";

export const t = (): PhoneWords => pick(zh, en);
export const orderNumber = (id: string): string => id.slice(-6).toUpperCase();
