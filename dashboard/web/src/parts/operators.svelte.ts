/** Names of the companies that run vehicles here, for lists that know only their codes; asked for once a page. */
import { operators as ask } from "../api/public.ts";
import type { OperatorView } from "../api/types.ts";
import { pick } from "../i18n/locale.svelte.ts";
import { untilAnswered } from "../live/again.ts";
import { Asked } from "./asked.svelte.ts";

const asked = new Asked(ask);
void untilAnswered(asked);

/** Every company, by code; empty until they are there. */
export const operators = (): readonly OperatorView[] => asked.data ?? [];

/** The name of a company; its code until the names are there, and for one that was never named. */
export function operatorName(code: string): string {
  const found = operators().find((one) => one.code === code);
  return found ? pick(found.nameZh, found.nameEn) : code;
}
