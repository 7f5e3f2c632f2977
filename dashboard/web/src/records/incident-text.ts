import { incidents } from "../i18n/incidents.zh.ts";
import { dictionary } from "../i18n/locale.svelte.ts";

export const i = dictionary(incidents, async () => (await import("../i18n/incidents.en.ts")).incidents);
