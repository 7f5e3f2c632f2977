import { areas } from "../i18n/areas.zh.ts";
import { dictionary } from "../i18n/locale.svelte.ts";

export const a = dictionary(areas, async () => (await import("../i18n/areas.en.ts")).areas);
