import { named } from "../i18n/locale.svelte.ts";
import { n } from "../i18n/names.svelte.ts";
import { t } from "./text.ts";

/** Why a job was opened: the name of an alarm's kind, or a person's own words. */
export const causeOf = (cause: string): string =>
  cause === "inspection_due" ? t().inspectionDue : named(n().alarmKind, cause, cause);
