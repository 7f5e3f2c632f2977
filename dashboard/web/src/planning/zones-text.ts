import { dictionary } from "../i18n/locale.svelte.ts";
import { zones } from "../i18n/zones.zh.ts";

export const z = dictionary(zones, async () => (await import("../i18n/zones.en.ts")).zones);
