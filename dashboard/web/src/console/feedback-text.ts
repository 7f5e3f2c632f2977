import { feedback } from "../i18n/feedback.zh.ts";
import { dictionary } from "../i18n/locale.svelte.ts";

export const f = dictionary(feedback, async () => (await import("../i18n/feedback.en.ts")).feedback);
