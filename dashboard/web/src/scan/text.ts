import { dictionary } from "../i18n/locale.svelte.ts";
import { scan } from "../i18n/scan.zh.ts";

export const t = dictionary(scan, async () => (await import("../i18n/scan.en.ts")).scan);
