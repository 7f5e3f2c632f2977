/**
 * The way of one vehicle since it was chosen, from the live frames; at most ten minutes of it.
 *
 * Framework-free. A point is kept when the vehicle moved or a second has passed, so that a standing vehicle
 * draws a flat line of speed and not a gap.
 */
import type { VehicleStore } from "./vehicles.ts";

export interface TrailPoint {
  readonly lat: number;
  readonly lng: number;
  readonly speedMps: number;
  readonly atMs: number;
}

export const TRAIL_MS = 600_000;
const STANDING_STEP_MS = 1_000;

export class Trail {
  points: TrailPoint[] = [];
  private readonly stop: () => void;

  constructor(
    store: VehicleStore,
    private readonly vehicleNo: number,
    private readonly onGrow: (points: readonly TrailPoint[]) => void,
    private readonly now: () => number = Date.now,
  ) {
    this.take(store);
    this.stop = store.subscribe((flush) => {
      const slot = store.slot(vehicleNo);
      if (slot !== undefined && (flush.reset || flush.slots.includes(slot))) this.take(store);
    });
  }

  destroy(): void {
    this.stop();
  }

  private take(store: VehicleStore): void {
    const slot = store.slot(this.vehicleNo);
    if (slot === undefined) return;
    const point = { lat: store.lat[slot]!, lng: store.lng[slot]!, speedMps: store.speedMps[slot]!, atMs: this.now() };
    const last = this.points.at(-1);
    const moved = last === undefined || last.lat !== point.lat || last.lng !== point.lng;
    if (!moved && point.atMs - last.atMs < STANDING_STEP_MS) return;
    const oldest = point.atMs - TRAIL_MS;
    this.points = [...this.points.filter((one) => one.atMs >= oldest), point];
    this.onGrow(this.points);
  }
}
