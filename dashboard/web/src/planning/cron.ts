/** When a cron expression is due, where a person can say it more simply. Pure. */

export type Due = { times: string[] } | { from: string; until: string; everyH: number };

/** So many times of a day are named one by one. */
const MOST_NAMED = 8;

/** The times of every day that an expression means; undefined for one that is about days, or not as simple. */
export function dueDaily(expression: string): Due | undefined {
  const [minute = "", hour = "", ...days] = expression.trim().split(/\s+/);
  if (days.length !== 3 || days.some((one) => one !== "*") || !/^[0-5]?\d$/.test(minute)) return undefined;
  const parts = hour.split(",").map(hoursOf);
  if (parts.some((part) => part === undefined)) return undefined;
  const spans = parts as { hours: number[]; everyH: number }[];
  const at = (h: number): string => `${String(h).padStart(2, "0")}:${minute.padStart(2, "0")}`;
  const all = spans.flatMap(({ hours }) => hours);
  if (all.length <= MOST_NAMED) return { times: all.map(at) };
  const [only] = spans;
  return spans.length === 1 && only ? { from: at(all[0]!), until: at(all.at(-1)!), everyH: only.everyH } : undefined;
}

function hoursOf(part: string): { hours: number[]; everyH: number } | undefined {
  const found = /^(?:(\d{1,2})(?:-(\d{1,2}))?|\*)(?:\/(\d{1,2}))?$/.exec(part);
  if (!found) return undefined;
  const [, from, to, step] = found;
  const first = Number(from ?? 0);
  const last = to !== undefined ? Number(to) : from === undefined || step !== undefined ? 23 : first;
  const everyH = Number(step ?? 1);
  if (last > 23 || first > last || everyH < 1) return undefined;
  return { hours: Array.from({ length: Math.floor((last - first) / everyH) + 1 }, (_, n) => first + n * everyH), everyH };
}
