import { merchantKinds } from "../i18n/merchant-kinds.zh.ts";
import { dictionary } from "../i18n/locale.svelte.ts";

export const kinds = dictionary(merchantKinds, async () => (await import("../i18n/merchant-kinds.en.ts")).merchantKinds);
