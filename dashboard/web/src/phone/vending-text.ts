import { dictionary } from "../i18n/locale.svelte.ts";
import { vending } from "../i18n/vending.zh.ts";

/** Words of the vending page: apart from the phone's, because they come with it. */
export const v = dictionary(vending, async () => (await import("../i18n/vending.en.ts")).vending);
