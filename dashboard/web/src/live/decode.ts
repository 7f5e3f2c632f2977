/**
 * Binary vehicle frames of the live feed, little-endian.
 *
 * Header, 24 bytes: "SL", version 1, kind (1 snapshot, 2 delta; cells.ts reads 3 and 4), u32 count, u64 sequence, u64 city time in ms.
 * Record, 16 bytes: u32 vehicle number, i32 latitude × 1e7, i32 longitude × 1e7, u8 heading × 256/360,
 * u8 flags (bits 0–2 condition, bits 3–5 control mode, bits 6–7 severity of an alarm), u8 speed in 0.2 m/s, u8 battery × 200.
 * The same bytes answer GET /api/vehicles/positions. Source: docs/wire-protocol.md, "Live feed".
 */
export const HEADER_BYTES = 24;
export const RECORD_BYTES = 16;

export const CONDITIONS = ["offline", "idle", "driving", "charging", "alarm"] as const;
export type Condition = (typeof CONDITIONS)[number];

export const CONTROL_MODES = [
  "autonomous",
  "remote_assist",
  "remote_drive",
  "on_site_manual",
  "minimal_risk",
  "off",
] as const;
export type ControlMode = (typeof CONTROL_MODES)[number];

export type FrameKind = "snapshot" | "delta";

export interface Frame {
  readonly kind: FrameKind;
  readonly seq: number;
  readonly cityMs: number;
  readonly count: number;
  /** The records, still packed; read with `recordAt`. */
  readonly records: DataView;
}

export interface VehicleRecord {
  vehicleNo: number;
  lat: number;
  lng: number;
  headingDeg: number;
  condition: number;
  controlMode: number;
  speedMps: number;
  batteryRatio: number;
}

export class FrameError extends Error {
  constructor(readonly reason: "too-short" | "magic" | "version" | "kind" | "length") {
    super(`live frame refused: ${reason}`);
  }
}

/** Returns the header of any live message, or throws FrameError; what its kind means is the caller's business. */
export function readHeader(bytes: ArrayBuffer): { kind: number; count: number; seq: number; cityMs: number } {
  if (bytes.byteLength < HEADER_BYTES) throw new FrameError("too-short");
  const view = new DataView(bytes);
  if (view.getUint8(0) !== 0x53 || view.getUint8(1) !== 0x4c) throw new FrameError("magic");
  if (view.getUint8(2) !== 1) throw new FrameError("version");
  return {
    kind: view.getUint8(3),
    count: view.getUint32(4, true),
    seq: Number(view.getBigUint64(8, true)),
    cityMs: Number(view.getBigUint64(16, true)),
  };
}

/** Returns the frame in `bytes`, or throws FrameError naming what is wrong. Copies nothing. */
export function decodeFrame(bytes: ArrayBuffer): Frame {
  const { kind, count, seq, cityMs } = readHeader(bytes);
  if (kind !== 1 && kind !== 2) throw new FrameError("kind");
  if (bytes.byteLength !== HEADER_BYTES + count * RECORD_BYTES) throw new FrameError("length");
  return {
    kind: kind === 1 ? "snapshot" : "delta",
    count,
    seq,
    cityMs,
    records: new DataView(bytes, HEADER_BYTES),
  };
}

/** Returns record `i` of a frame in degrees, m/s and ratios (0–1). */
export function recordAt(frame: Frame, i: number): VehicleRecord {
  const at = i * RECORD_BYTES;
  const r = frame.records;
  const flags = r.getUint8(at + 13);
  return {
    vehicleNo: r.getUint32(at, true),
    lat: r.getInt32(at + 4, true) / 1e7,
    lng: r.getInt32(at + 8, true) / 1e7,
    headingDeg: (r.getUint8(at + 12) * 360) / 256,
    condition: flags & 0b111,
    controlMode: (flags >> 3) & 0b111,
    speedMps: r.getUint8(at + 14) / 5,
    batteryRatio: r.getUint8(at + 15) / 200,
  };
}
