/** Small words of the planning page: what went wrong by field, reasons, when a schedule is. */
import type { Problem } from "../api/http.ts";
import type { Schedule } from "../api/planning.ts";
import { named } from "../i18n/locale.svelte.ts";
import { n } from "../i18n/names.svelte.ts";
import { w } from "../i18n/words.svelte.ts";
import { refused } from "../parts/refused.svelte.ts";
import { dueDaily } from "./cron.ts";
import { t } from "./text.ts";

/** The field and its limit where the server named them, else the problem in general words. */
export function said(problem: Problem): string {
  return refused(problem, t().form.fields);
}

/** A stable word of the server in the reader's language; what a person wrote stays as it is. */
export const reasonText = (reason: string): string =>
  named(t().slot.reasons, reason, /^[a-z_]+$/.test(reason) ? named(n().dispatchRule, reason, w().other) : reason);

/** "06:00 22:30 · every day · working days". */
export function whenText(one: Schedule): string {
  if (one.cron) {
    const due = dueDaily(one.cron);
    const text = due === undefined ? `cron ${one.cron}` : "times" in due ? due.times.join(" ") : t().calendar.hourly(due.everyH, due.from, due.until);
    return `${text} · ${named(n().dayRule, one.days, w().other)}`;
  }
  const { weekdays, everyDay, on } = t().calendar;
  const days = one.weekdays.length === 7 ? everyDay : on(one.weekdays.map((day) => weekdays[day] ?? "").join(" "));
  const rule = one.days === "every_day" ? "" : ` · ${named(n().dayRule, one.days, w().other)}`;
  return `${one.times.join(" ")} · ${days}${rule}`;
}

/** "vehicle:7" → "车辆 7"; other ids mean nothing to a reader. */
export function holdText(hold: string): string {
  const [kind = "", name = ""] = hold.split(":", 2);
  const { holds } = t().form;
  return kind === "vehicle" ? `${holds.vehicle} ${name}` : named(holds, kind, holds.other);
}
