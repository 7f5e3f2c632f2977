import { city as en } from "../i18n/city.en.ts";
import { city as zh, type CityWords } from "../i18n/city.zh.ts";
import { pick } from "../i18n/locale.svelte.ts";

export const t = (): CityWords => pick(zh, en);
