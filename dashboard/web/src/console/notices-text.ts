import { dictionary } from "../i18n/locale.svelte.ts";
import { notices } from "../i18n/notices.zh.ts";

export const nt = dictionary(notices, async () => (await import("../i18n/notices.en.ts")).notices);
