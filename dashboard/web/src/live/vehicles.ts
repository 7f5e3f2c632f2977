/**
 * Where every vehicle is, as columns by slot, filled from binary frames.
 *
 * Framework-free. The socket calls `apply`; frames of one animation frame are merged (the newest record of a
 * vehicle wins) and listeners hear once, with the slots that changed. A gap in the sequence asks for a new
 * snapshot through `onGap`, and deltas go on being used meanwhile: they are newer than what is shown.
 */
import { CONDITIONS, recordAt, type Condition, type Frame } from "./decode.ts";

export type Flush = { readonly slots: readonly number[]; readonly reset: boolean };
type Listener = (flush: Flush) => void;

const GROWTH = 256;
const ALARM = CONDITIONS.indexOf("alarm");

export class VehicleStore {
  count = 0;
  vehicleNo = new Uint32Array(GROWTH);
  lat = new Float64Array(GROWTH);
  lng = new Float64Array(GROWTH);
  headingDeg = new Float32Array(GROWTH);
  condition = new Uint8Array(GROWTH);
  controlMode = new Uint8Array(GROWTH);
  speedMps = new Float32Array(GROWTH);
  batteryRatio = new Float32Array(GROWTH);
  /** When the record last came in, wall milliseconds; for the interpolation and the age of one vehicle. */
  heardAtMs = new Float64Array(GROWTH);

  seq = -1;
  cityMs = 0;
  /** Wall milliseconds of the newest frame, -1 before the first. */
  frameAtMs = -1;

  /** What the vehicle's own record said; `condition` is what is shown. */
  private heardCondition = new Uint8Array(GROWTH);
  private alarmed: ReadonlySet<number> = new Set();
  private readonly slotOf = new Map<number, number>();
  private readonly listeners = new Set<Listener>();
  private dirty = new Set<number>();
  private reset = false;

  constructor(private readonly onGap: () => void = () => {}) {}

  slot(vehicleNo: number): number | undefined {
    return this.slotOf.get(vehicleNo);
  }

  subscribe(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Takes a frame in. Returns "stale" for one that is older than what is held, which changes nothing. */
  apply(frame: Frame, nowMs: number): "applied" | "gap" | "stale" {
    if (frame.kind === "snapshot") {
      this.clear();
    } else {
      if (this.seq < 0 || frame.seq <= this.seq) return "stale";
    }
    const gap = frame.kind === "delta" && frame.seq !== this.seq + 1;
    for (let i = 0; i < frame.count; i++) {
      const record = recordAt(frame, i);
      const slot = this.slotOf.get(record.vehicleNo) ?? this.add(record.vehicleNo);
      this.lat[slot] = record.lat;
      this.lng[slot] = record.lng;
      this.headingDeg[slot] = record.headingDeg;
      this.heardCondition[slot] = record.condition < CONDITIONS.length ? record.condition : 0;
      this.condition[slot] = this.shownCondition(slot);
      this.controlMode[slot] = record.controlMode;
      this.speedMps[slot] = record.speedMps;
      this.batteryRatio[slot] = record.batteryRatio;
      this.heardAtMs[slot] = nowMs;
      this.dirty.add(slot);
    }
    this.seq = frame.seq;
    this.cityMs = frame.cityMs;
    this.frameAtMs = nowMs;
    if (gap) {
      this.onGap();
      return "gap";
    }
    return "applied";
  }

  /** Tells listeners what changed since the last flush; nothing changed means nobody is called. */
  flush(): void {
    if (this.dirty.size === 0 && !this.reset) return;
    const flush: Flush = { slots: [...this.dirty], reset: this.reset };
    this.dirty = new Set();
    this.reset = false;
    for (const listener of this.listeners) listener(flush);
  }

  /**
   * Says which vehicles have a standing alarm: they are shown as such whatever their record says, because some
   * alarms (nobody watches, permit expired) do not come from the vehicle's own data. Red means a person is needed.
   */
  setAlarmed(vehicles: ReadonlySet<number>): void {
    this.alarmed = vehicles;
    for (let slot = 0; slot < this.count; slot++) {
      const shown = this.shownCondition(slot);
      if (shown === this.condition[slot]) continue;
      this.condition[slot] = shown;
      this.dirty.add(slot);
    }
  }

  private shownCondition(slot: number): number {
    return this.alarmed.has(this.vehicleNo[slot]!) ? ALARM : this.heardCondition[slot]!;
  }

  conditionOf(slot: number): Condition {
    return CONDITIONS[this.condition[slot] ?? 0] ?? "offline";
  }

  /** How many vehicles are in each condition, by the order of CONDITIONS. */
  tally(): number[] {
    const tally = CONDITIONS.map(() => 0);
    for (let slot = 0; slot < this.count; slot++) {
      const c = this.condition[slot] ?? 0;
      tally[c] = (tally[c] ?? 0) + 1;
    }
    return tally;
  }

  /** Forgets all, because the server counts by cell now; a snapshot begins anew. */
  empty(): void {
    if (this.count > 0) this.clear();
    this.seq = -1;
  }

  private clear(): void {
    this.slotOf.clear();
    this.dirty.clear();
    this.count = 0;
    this.reset = true;
  }

  private add(vehicleNo: number): number {
    const slot = this.count++;
    if (slot >= this.vehicleNo.length) this.grow();
    this.vehicleNo[slot] = vehicleNo;
    this.slotOf.set(vehicleNo, slot);
    return slot;
  }

  private grow(): void {
    const size = this.vehicleNo.length * 2;
    const wider = <T extends Float64Array | Float32Array | Uint32Array | Uint8Array>(from: T): T => {
      const to = new (from.constructor as new (n: number) => T)(size);
      to.set(from);
      return to;
    };
    this.vehicleNo = wider(this.vehicleNo);
    this.lat = wider(this.lat);
    this.lng = wider(this.lng);
    this.headingDeg = wider(this.headingDeg);
    this.condition = wider(this.condition);
    this.heardCondition = wider(this.heardCondition);
    this.controlMode = wider(this.controlMode);
    this.speedMps = wider(this.speedMps);
    this.batteryRatio = wider(this.batteryRatio);
    this.heardAtMs = wider(this.heardAtMs);
  }
}
