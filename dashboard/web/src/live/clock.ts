/**
 * City time on the page, and how old what is shown is.
 *
 * City time may run 1–60 times faster than the wall (demo and rehearsal); ages of data are wall time, ages of
 * facts (an alarm raised 3 minutes ago) are city time.
 */
export class CityClock {
  private cityMs = Date.now();
  private wallMs = Date.now();
  rate = 1;
  isSet = false;

  set(cityMs: number, rate: number, wallMs: number): void {
    this.cityMs = cityMs;
    this.wallMs = wallMs;
    this.rate = rate;
    this.isSet = true;
  }

  /** Corrects by a frame that carries the time; the rate stays. */
  hear(cityMs: number, wallMs: number): void {
    if (cityMs > 0) this.set(cityMs, this.rate, wallMs);
  }

  at(wallMs: number): number {
    return this.cityMs + (wallMs - this.wallMs) * this.rate;
  }
}

/** Past this the age turns amber. Source: ux.md, "Everywhere". */
export const AMBER_AFTER_MS = 5_000;

export type Freshness = "none" | "fresh" | "amber";

/** Judges data last heard at `heardAtMs` (negative: never). */
export function freshness(heardAtMs: number, nowMs: number): Freshness {
  if (heardAtMs < 0) return "none";
  return nowMs - heardAtMs > AMBER_AFTER_MS ? "amber" : "fresh";
}
