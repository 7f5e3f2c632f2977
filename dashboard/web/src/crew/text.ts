import { crew } from "../i18n/crew.zh.ts";
import { dictionary } from "../i18n/locale.svelte.ts";

export const t = dictionary(crew, async () => (await import("../i18n/crew.en.ts")).crew);
