/** Names of the 旗区 for lists that know only their codes; asked for once a page, when this is loaded. */
import { districts as ask } from "../api/public.ts";
import { shortName } from "../i18n/locale.svelte.ts";
import { untilAnswered } from "../live/again.ts";
import { Asked } from "./asked.svelte.ts";

const asked = new Asked(ask);
void untilAnswered(asked);
const names = $derived(new Map((asked.data?.features ?? []).map(({ properties }) => [properties.code, shortName(properties)])));

/** The name of a 旗区; its code until the names are there, and for one that the city does not have. */
export const districtName = (code: string): string => names.get(code) ?? code;
