import { expect, test } from "vitest";
import { CONDITIONS, CONTROL_MODES, decodeFrame, FrameError, recordAt } from "../src/live/decode.ts";
import { frameBytes } from "./frames.ts";

test("a record comes back in degrees, metres a second and ratios", () => {
  const frame = decodeFrame(
    frameBytes("snapshot", 7, [
      { vehicleNo: 4_000_000_000, lat: -39.6012345, lng: 109.7912345, heading: 64, condition: 4, controlMode: 5, speed: 23, battery: 181 },
    ]),
  );
  expect(recordAt(frame, 0)).toEqual({
    vehicleNo: 4_000_000_000,
    lat: -39.6012345,
    lng: 109.7912345,
    headingDeg: 90,
    condition: 4,
    controlMode: 5,
    speedMps: 4.6,
    batteryRatio: 0.905,
  });
  expect([CONDITIONS[4], CONTROL_MODES[5]]).toEqual(["alarm", "off"]);
});

test("the header says kind, count, sequence and city time beyond 32 bits", () => {
  const frame = decodeFrame(frameBytes("delta", 2 ** 40, [{ vehicleNo: 1 }, { vehicleNo: 2 }], 1_799_999_999_999));
  expect({ kind: frame.kind, count: frame.count, seq: frame.seq, cityMs: frame.cityMs }).toEqual({
    kind: "delta",
    count: 2,
    seq: 2 ** 40,
    cityMs: 1_799_999_999_999,
  });
});

test("an empty delta is a frame: it says that the feed is alive", () => {
  expect(decodeFrame(frameBytes("delta", 1, [])).count).toBe(0);
});

const broken: [string, FrameError["reason"], (bytes: ArrayBuffer) => ArrayBuffer][] = [
  ["shorter than its header", "too-short", (bytes) => bytes.slice(0, 23)],
  ["without the mark", "magic", (bytes) => poke(bytes, 0, 0)],
  ["of another version", "version", (bytes) => poke(bytes, 2, 2)],
  ["of an unknown kind", "kind", (bytes) => poke(bytes, 3, 9)],
  ["cut in a record", "length", (bytes) => bytes.slice(0, -1)],
  ["with bytes after its records", "length", (bytes) => joined(bytes, new ArrayBuffer(16))],
];

test.each(broken)("a frame %s is refused as %s", (_, reason, spoil) => {
  const bytes = spoil(frameBytes("delta", 1, [{ vehicleNo: 1 }]));
  expect(() => decodeFrame(bytes)).toThrow(new FrameError(reason));
});

function poke(bytes: ArrayBuffer, at: number, value: number): ArrayBuffer {
  new DataView(bytes).setUint8(at, value);
  return bytes;
}

function joined(a: ArrayBuffer, b: ArrayBuffer): ArrayBuffer {
  const out = new Uint8Array(a.byteLength + b.byteLength);
  out.set(new Uint8Array(a));
  out.set(new Uint8Array(b), a.byteLength);
  return out.buffer;
}
