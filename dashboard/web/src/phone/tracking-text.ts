import { dictionary } from "../i18n/locale.svelte.ts";
import { tracking } from "../i18n/tracking.zh.ts";

export const k = dictionary(tracking, async () => (await import("../i18n/tracking.en.ts")).tracking);

export const orderNumber = (id: string): string => id.slice(-6).toUpperCase();
