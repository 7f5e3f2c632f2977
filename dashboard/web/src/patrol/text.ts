import { patrol } from "../i18n/patrol.zh.ts";
import { dictionary } from "../i18n/locale.svelte.ts";

export const t = dictionary(patrol, async () => (await import("../i18n/patrol.en.ts")).patrol);
