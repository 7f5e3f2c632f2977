import { dictionary } from "../i18n/locale.svelte.ts";
import { staff } from "../i18n/staff.zh.ts";

export const s = dictionary(staff, async () => (await import("../i18n/staff.en.ts")).staff);
