/**
 * The way of one vehicle in the last ten minutes of city time: what is stored, then the live frames after it.
 *
 * Framework-free. A point is kept when the vehicle moved or a second has passed, so that a standing vehicle
 * draws a flat line of speed and not a gap.
 */
import type { VehicleStore } from "./vehicles.ts";

export interface TrailPoint {
  readonly lat: number;
  readonly lng: number;
  readonly speedMps: number;
  /** City time. */
  readonly atMs: number;
}

/** Ten minutes, as GET /api/vehicles/{no}/trail gives them. Source: ux.md, "Everywhere". */
export const TRAIL_MS = 600_000;
const STANDING_STEP_MS = 1_000;

export class Trail {
  points: readonly TrailPoint[] = [];
  private readonly stop: () => void;

  constructor(
    store: VehicleStore,
    private readonly vehicleNo: number,
    private readonly onGrow: (points: readonly TrailPoint[]) => void,
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

  /** Puts in what is stored, oldest first; live points stay where they are newer than the last stored one. */
  fill(stored: readonly TrailPoint[]): void {
    const end = stored.at(-1)?.atMs;
    if (end === undefined) return;
    this.keep([...stored, ...this.points.filter((one) => one.atMs > end)]);
  }

  private take(store: VehicleStore): void {
    const slot = store.slot(this.vehicleNo);
    if (slot === undefined) return;
    const point = { lat: store.lat[slot]!, lng: store.lng[slot]!, speedMps: store.speedMps[slot]!, atMs: store.cityMs };
    const last = this.points.at(-1);
    if (last && point.atMs <= last.atMs) return;
    const moved = last === undefined || last.lat !== point.lat || last.lng !== point.lng;
    if (!moved && point.atMs - last.atMs < STANDING_STEP_MS) return;
    this.keep([...this.points, point]);
  }

  private keep(points: readonly TrailPoint[]): void {
    const oldest = (points.at(-1)?.atMs ?? 0) - TRAIL_MS;
    this.points = points.filter((one) => one.atMs >= oldest);
    this.onGrow(this.points);
  }
}

/** Silence after which a way is not known, at real time; a city that runs faster is heard less often. */
const SILENT_MS = 10_000;
/** Nearer than this a vehicle stood while it was silent: nothing of its way is unknown. */
const STOOD_M = 20;
const METRES_PER_DEGREE = 111_195;

/** The parts of a way that are known: it is broken where the vehicle was silent and came up elsewhere. Pure. */
export function known(points: readonly TrailPoint[], rate: number): TrailPoint[][] {
  const parts: TrailPoint[][] = [];
  for (const point of points) {
    const last = parts.at(-1)?.at(-1);
    const isGap =
      last === undefined ||
      (point.atMs - last.atMs > SILENT_MS * Math.max(1, rate) && metresBetween(last, point) > STOOD_M);
    if (isGap) parts.push([point]);
    else parts.at(-1)!.push(point);
  }
  return parts;
}

function metresBetween(a: TrailPoint, b: TrailPoint): number {
  const east = (b.lng - a.lng) * Math.cos((a.lat * Math.PI) / 180);
  return Math.hypot(east, b.lat - a.lat) * METRES_PER_DEGREE;
}
