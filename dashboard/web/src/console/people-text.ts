import { dictionary } from "../i18n/locale.svelte.ts";
import { people } from "../i18n/people.zh.ts";

export const p = dictionary(people, async () => (await import("../i18n/people.en.ts")).people);
