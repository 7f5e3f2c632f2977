/** How numbers and times look on the screens: Asia/Shanghai, m/km, km/h (m/s inside). */
const ZONE = "Asia/Shanghai";
/** Its offset: without summer time since 15 September 1991. Source: IANA time zone database, file asia. */
const ZONE_MS = 8 * 3_600_000;

export type Instant = number | string | Date;

export const millis = (at: Instant): number => (typeof at === "number" ? at : new Date(at).getTime());

/** "2026-11-22T09:37:05.000Z" of the clock on the wall: an `Intl` format takes a hundred times as long. */
const onTheWall = (at: Instant): string => new Date(millis(at) + ZONE_MS).toISOString();

/** "09:37". */
export const clockTime = (at: Instant): string => onTheWall(at).slice(11, 16);

/** "09:37:05". */
export const clockSeconds = (at: Instant): string => onTheWall(at).slice(11, 19);

const days = new Map<string, Intl.DateTimeFormat>();

/** "2026年11月22日 星期日" or "Sun, 22 Nov 2026". */
export function calendarDay(at: Instant, lang: string): string {
  let format = days.get(lang);
  if (!format) {
    format = new Intl.DateTimeFormat(lang === "zh" ? "zh-CN" : "en-GB", {
      timeZone: ZONE,
      year: "numeric",
      month: lang === "zh" ? "long" : "short",
      day: "numeric",
      weekday: lang === "zh" ? "long" : "short",
    });
    days.set(lang, format);
  }
  return format.format(millis(at));
}

/** "2026-11-22", for papers that end in another year. */
export const isoDay = (at: Instant): string => onTheWall(at).slice(0, 10);

/** "11-22 09:37", for moments that may be another day. */
export const dayTime = (at: Instant): string => onTheWall(at).slice(5, 16).replace("T", " ");

/** Between a number and its unit: a line never breaks there. */
export const NBSP = "\u00a0";

/** "940 m", "2.4 km". */
export function distance(metres: number): string {
  if (metres < 995) return `${Math.round(metres / 10) * 10}${NBSP}m`;
  return metres < 99_500 ? `${(metres / 1000).toFixed(1)}${NBSP}km` : `${Math.round(metres / 1000)}${NBSP}km`;
}

export const speedKmh = (mps: number): string => `${Math.round(mps * 3.6)}${NBSP}km/h`;

export const percent = (ratio: number): string => `${Math.round(ratio * 100)}%`;

/** "86,752". */
export const thousands = (n: number): string => String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, ",");

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
