import { planning } from "../i18n/planning.zh.ts";
import { dictionary } from "../i18n/locale.svelte.ts";

export const t = dictionary(planning, async () => (await import("../i18n/planning.en.ts")).planning);
