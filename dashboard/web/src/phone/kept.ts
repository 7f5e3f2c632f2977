/** What stays on a phone between two visits, and how it goes: as little as the first screen must know of it. */
export const KEPT = "steppe.order";
/** Id of the place she chose last. */
export const PLACE = "steppe.place";
const LASTS_MS = 86_400_000;
/** What belongs to whoever is logged in and to nobody after her. */
const HERS = [KEPT, PLACE, "steppe.read", "steppe.location"];

/** The id of the order that is kept; undefined without one, and when it is older than a day. */
export function keptId(nowMs: number): string | undefined {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT) ?? "null") as { order: { orderId: string }; atMs: number } | null;
    return kept && nowMs - kept.atMs < LASTS_MS ? kept.order.orderId : undefined;
  } catch {
    return undefined;
  }
}

export const forgetKept = (): void => localStorage.removeItem(KEPT);

/** Somebody logged out, left, or was logged out: the next one on this phone is somebody else. */
export function forgetHer(): void {
  for (const name of HERS) localStorage.removeItem(name);
}
