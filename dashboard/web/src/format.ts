/** How numbers and times look on the screens: Asia/Shanghai, m/km, km/h (m/s inside). */
const ZONE = "Asia/Shanghai";

const clockFormat = new Intl.DateTimeFormat("zh-CN", {
  timeZone: ZONE,
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});

const clockSecondsFormat = new Intl.DateTimeFormat("zh-CN", {
  timeZone: ZONE,
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});

export type Instant = number | string | Date;

export const millis = (at: Instant): number => (typeof at === "number" ? at : new Date(at).getTime());

/** "09:37". */
export const clockTime = (at: Instant): string => clockFormat.format(millis(at));

/** "09:37:05". */
export const clockSeconds = (at: Instant): string => clockSecondsFormat.format(millis(at));

/** "2026年11月22日 星期日" or "Sun, 22 Nov 2026". */
export function calendarDay(at: Instant, lang: string): string {
  return new Intl.DateTimeFormat(lang === "zh" ? "zh-CN" : "en-GB", {
    timeZone: ZONE,
    year: "numeric",
    month: lang === "zh" ? "long" : "short",
    day: "numeric",
    weekday: lang === "zh" ? "long" : "short",
  }).format(millis(at));
}

/** "2026-11-22", for papers that end in another year. */
export const isoDay = (at: Instant): string => new Intl.DateTimeFormat("en-CA", { timeZone: ZONE }).format(millis(at));

/** "11-22 09:37", for moments that may be another day. */
export function dayTime(at: Instant): string {
  const parts = new Intl.DateTimeFormat("en-CA", { timeZone: ZONE, month: "2-digit", day: "2-digit" }).format(millis(at));
  return `${parts} ${clockTime(at)}`;
}

/** Between a number and its unit: a line never breaks there. */
export const NBSP = "\u00a0";

/** "940 m", "2.4 km". */
export function distance(metres: number): string {
  if (metres < 995) return `${Math.round(metres / 10) * 10}${NBSP}m`;
  return metres < 99_500 ? `${(metres / 1000).toFixed(1)}${NBSP}km` : `${Math.round(metres / 1000)}${NBSP}km`;
}

export const speedKmh = (mps: number): string => `${Math.round(mps * 3.6)}${NBSP}km/h`;

export const percent = (ratio: number): string => `${Math.round(ratio * 100)}%`;

export const thousands = (n: number): string => Math.round(n).toLocaleString("en-US");

/** "¥12.50" from cents. */
export const money = (cents: number): string => `¥${(cents / 100).toFixed(2)}`;

/** Minutes until `at`, rounded up, never below 0. */
export const minutesUntil = (at: Instant, nowMs: number): number => Math.max(0, Math.ceil((millis(at) - nowMs) / 60_000));

export interface AgoWords {
  now: string;
  minutes(n: number): string;
  hours(n: number): string;
  days(n: number): string;
}

/** "3 分钟前", by the words given. */
export function ago(at: Instant, nowMs: number, words: AgoWords): string {
  const minutes = Math.floor((nowMs - millis(at)) / 60_000);
  if (minutes < 1) return words.now;
  if (minutes < 60) return words.minutes(minutes);
  return minutes < 48 * 60 ? words.hours(Math.floor(minutes / 60)) : words.days(Math.floor(minutes / 1440));
}
