import { privacy } from "../i18n/privacy.zh.ts";
import { dictionary } from "../i18n/locale.svelte.ts";

export const t = dictionary(privacy, async () => (await import("../i18n/privacy.en.ts")).privacy);
