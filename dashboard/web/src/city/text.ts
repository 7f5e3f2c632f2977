import { city } from "../i18n/city.zh.ts";
import { dictionary } from "../i18n/locale.svelte.ts";

export const t = dictionary(city, async () => (await import("../i18n/city.en.ts")).city);
