import { dictionary } from "../i18n/locale.svelte.ts";
import { drawing } from "../i18n/drawing.zh.ts";

export const d = dictionary(drawing, async () => (await import("../i18n/drawing.en.ts")).drawing);
