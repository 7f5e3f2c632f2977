import { life } from "../i18n/life.zh.ts";
import { dictionary } from "../i18n/locale.svelte.ts";

export const l = dictionary(life, async () => (await import("../i18n/life.en.ts")).life);
