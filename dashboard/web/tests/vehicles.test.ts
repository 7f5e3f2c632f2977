import { expect, test, vi } from "vitest";
import { decodeFrame } from "../src/live/decode.ts";
import { known, Trail } from "../src/live/trail.ts";
import { VehicleStore, type Flush } from "../src/live/vehicles.ts";
import { frameBytes, type GivenRecord } from "./frames.ts";

const snapshot = (seq: number, records: GivenRecord[]) => decodeFrame(frameBytes("snapshot", seq, records));
const delta = (seq: number, records: GivenRecord[]) => decodeFrame(frameBytes("delta", seq, records));

test("frames between two flushes are merged: listeners hear once, with the newest record", () => {
  const store = new VehicleStore();
  const heard: Flush[] = [];
  store.subscribe((flush) => heard.push(flush));
  store.apply(snapshot(1, [{ vehicleNo: 10 }, { vehicleNo: 11 }]), 0);
  store.flush();
  store.apply(delta(2, [{ vehicleNo: 11, speed: 5 }]), 100);
  store.apply(delta(3, [{ vehicleNo: 11, speed: 15 }]), 200);
  store.flush();
  store.flush();
  expect(heard).toEqual([
    { slots: [0, 1], reset: true },
    { slots: [1], reset: false },
  ]);
  expect(store.speedMps[store.slot(11)!]).toBe(3);
});

test("a snapshot replaces everything: a vehicle it does not name is gone", () => {
  const store = new VehicleStore();
  store.apply(snapshot(1, [{ vehicleNo: 10 }, { vehicleNo: 11 }]), 0);
  store.apply(snapshot(9, [{ vehicleNo: 11 }]), 0);
  expect([store.count, store.slot(10), store.slot(11)]).toEqual([1, undefined, 0]);
});

test("a delta that does not follow asks for a snapshot and is used meanwhile", () => {
  const onGap = vi.fn();
  const store = new VehicleStore(onGap);
  store.apply(snapshot(1, [{ vehicleNo: 10 }]), 0);
  expect(store.apply(delta(4, [{ vehicleNo: 10, speed: 10 }]), 0)).toBe("gap");
  expect(onGap).toHaveBeenCalledOnce();
  expect(store.speedMps[0]).toBe(2);
  expect(store.apply(delta(5, []), 0)).toBe("applied");
  expect(onGap).toHaveBeenCalledOnce();
});

test("a delta before the first snapshot, or older than what is held, changes nothing", () => {
  const store = new VehicleStore();
  expect(store.apply(delta(1, [{ vehicleNo: 10 }]), 0)).toBe("stale");
  store.apply(snapshot(5, [{ vehicleNo: 10, speed: 10 }]), 0);
  expect(store.apply(delta(5, [{ vehicleNo: 10, speed: 0 }]), 0)).toBe("stale");
  expect([store.count, store.speedMps[0]]).toEqual([1, 2]);
});

test("columns grow past their first size and keep what they held", () => {
  const store = new VehicleStore();
  const many = Array.from({ length: 1000 }, (_, i) => ({ vehicleNo: i + 1, condition: i % 5 }));
  store.apply(snapshot(1, many), 42);
  expect(store.count).toBe(1000);
  expect(store.vehicleNo[999]).toBe(1000);
  expect(store.heardAtMs[999]).toBe(42);
  expect(store.tally()).toEqual([200, 200, 200, 200, 200]);
});

test("a condition that is not known here shows as offline, never as something it is not", () => {
  const store = new VehicleStore();
  store.apply(snapshot(1, [{ vehicleNo: 1, condition: 7 }]), 0);
  expect(store.conditionOf(0)).toBe("offline");
});

test("a vehicle with a standing alarm is shown as one until it clears, whatever its records say", () => {
  const store = new VehicleStore();
  const heard: Flush[] = [];
  store.apply(snapshot(1, [{ vehicleNo: 10, condition: 2 }, { vehicleNo: 11, condition: 1 }]), 0);
  store.flush();
  store.subscribe((flush) => heard.push(flush));
  store.setAlarmed(new Set([10]));
  store.apply(delta(2, [{ vehicleNo: 10, condition: 1 }]), 0);
  store.flush();
  expect([store.conditionOf(0), store.conditionOf(1)]).toEqual(["alarm", "idle"]);
  store.setAlarmed(new Set());
  store.flush();
  expect(store.conditionOf(0)).toBe("idle");
  expect(heard.map((flush) => flush.slots)).toEqual([[0], [0]]);
});

const at = (atMs: number, lat: number) => ({ atMs, lat, lng: 109.8, speedMps: 5 });

function trailOf(vehicleNo: number) {
  const store = new VehicleStore();
  let seq = 0;
  const hear = (cityMs: number, lat: number) => {
    const kind = seq === 0 ? "snapshot" : "delta";
    store.apply(decodeFrame(frameBytes(kind, ++seq, [{ vehicleNo, lat }], cityMs)), 0);
    store.flush();
  };
  hear(1_000_000, 39.6);
  return { trail: new Trail(store, vehicleNo, () => {}), hear };
}

test("a trail keeps where the vehicle was, once a second while it stands, ten minutes of city time at most", () => {
  const { trail, hear } = trailOf(3);
  hear(1_000_100, 39.6);
  hear(1_000_500, 39.61);
  hear(1_000_900, 39.61);
  hear(1_001_600, 39.61);
  hear(1_600_200, 39.62);
  expect(trail.points.map((point) => [point.atMs, point.lat])).toEqual([
    [1_000_500, 39.61],
    [1_001_600, 39.61],
    [1_600_200, 39.62],
  ]);
  trail.destroy();
});

test("what is stored comes before what was heard since, each moment once", () => {
  const { trail, hear } = trailOf(3);
  hear(1_002_000, 39.61);
  trail.fill([at(990_000, 39.58), at(1_000_000, 39.6), at(1_001_000, 39.605)]);
  expect(trail.points.map((point) => point.atMs)).toEqual([990_000, 1_000_000, 1_001_000, 1_002_000]);
  trail.fill([]);
  expect(trail.points).toHaveLength(4);
  trail.destroy();
});

test("a trail is broken where the vehicle was silent and came up elsewhere, not where it stood", () => {
  const points = [at(0, 39.6), at(1_000, 39.6001), at(60_000, 39.6001), at(61_000, 39.6002), at(120_000, 39.61)];
  expect(known(points, 1).map((part) => part.length)).toEqual([4, 1]);
  expect(known(points, 10).map((part) => part.length)).toEqual([5]);
  expect(known([], 1)).toEqual([]);
});
