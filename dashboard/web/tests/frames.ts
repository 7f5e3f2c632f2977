/** Builds binary frames for tests: the layout of decode.ts, the other way round. */
import { HEADER_BYTES, RECORD_BYTES } from "../src/live/decode.ts";

export interface GivenRecord {
  vehicleNo: number;
  lat?: number;
  lng?: number;
  heading?: number;
  condition?: number;
  controlMode?: number;
  speed?: number;
  battery?: number;
}

export function frameBytes(
  kind: "snapshot" | "delta",
  seq: number,
  records: GivenRecord[],
  cityMs = 1_800_000_000_000,
): ArrayBuffer {
  const bytes = new ArrayBuffer(HEADER_BYTES + records.length * RECORD_BYTES);
  const view = new DataView(bytes);
  view.setUint8(0, 0x53);
  view.setUint8(1, 0x4c);
  view.setUint8(2, 1);
  view.setUint8(3, kind === "snapshot" ? 1 : 2);
  view.setUint32(4, records.length, true);
  view.setBigUint64(8, BigInt(seq), true);
  view.setBigUint64(16, BigInt(cityMs), true);
  records.forEach((record, i) => {
    const at = HEADER_BYTES + i * RECORD_BYTES;
    view.setUint32(at, record.vehicleNo, true);
    view.setInt32(at + 4, Math.round((record.lat ?? 39.6) * 1e7), true);
    view.setInt32(at + 8, Math.round((record.lng ?? 109.8) * 1e7), true);
    view.setUint8(at + 12, record.heading ?? 0);
    view.setUint8(at + 13, (record.condition ?? 1) | ((record.controlMode ?? 0) << 3));
    view.setUint8(at + 14, record.speed ?? 0);
    view.setUint8(at + 15, record.battery ?? 200);
  });
  return bytes;
}
