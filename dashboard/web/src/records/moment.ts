/** Moments of city time as the address and the day's slider hold them; the city's day is Asia/Shanghai's. */
export const DAY_MS = 86_400_000;
const OFFSET = "+08:00";
const LAST_MS = 4_102_444_800_000;

/** The moment that a word of the address names, or undefined for what is none. Pure. */
export function momentOf(word: string | undefined): number | undefined {
  const ms = word === undefined || word === "" ? NaN : Number(word);
  return Number.isInteger(ms) && ms >= 0 && ms <= LAST_MS ? ms : undefined;
}

/** When a day ("2026-11-29") begins in the city, ms; undefined for what is no day. Pure. */
export function dayStart(day: string): number | undefined {
  const ms = Date.parse(`${day}T00:00:00${OFFSET}`);
  return Number.isNaN(ms) ? undefined : ms;
}

/** The address of the replay at a moment, with a vehicle's day where it has a code. Pure. */
export const replayOf = (at: string, code: string | null): string =>
  `?${new URLSearchParams({ view: "replay", t: String(Math.round(Date.parse(at) / 1000) * 1000), ...(code ? { v: code } : {}) }).toString()}`;
