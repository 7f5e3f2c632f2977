import { cellToLatLng, getResolution } from "h3-js";
import { expect, test, vi } from "vitest";
import { CellStore, decodeCells, isCells } from "../src/live/cells.ts";
import { placeLabels } from "../src/map/badges.ts";
import { placeOf, writePlace } from "../src/city/place.ts";
import { widened } from "../src/live/feed.ts";
import { frameBytes } from "./frames.ts";

/** A message as the server writes it: `fleet/live/cell_messages.py` printed these bytes. */
const PRINTED =
  "534c010302000000050000000000000000580399730100000600000000000000ffffff77b04e6208ffffff0fb64e62080100" +
  "000003000000010000000000000000000000010000000000000001000000000000000000000000000000010000000004";

interface GivenCell {
  cell: string;
  conditions: [number, number, number, number, number];
  worst?: number;
}

function cellBytes(kind: 3 | 4, seq: number, cells: GivenCell[]): ArrayBuffer {
  const n = cells.length;
  const bytes = new ArrayBuffer(32 + 33 * n);
  const view = new DataView(bytes);
  [0x53, 0x4c, 1, kind].forEach((byte, i) => view.setUint8(i, byte));
  view.setUint32(4, n, true);
  view.setBigUint64(8, BigInt(seq), true);
  view.setUint8(24, 6);
  cells.forEach(({ cell, conditions, worst }, i) => {
    view.setBigUint64(32 + 8 * i, BigInt(`0x${cell}`), true);
    view.setUint32(32 + 8 * n + 4 * i, conditions.reduce((sum, one) => sum + one), true);
    conditions.forEach((one, c) => view.setUint32(32 + 12 * n + 4 * (c * n + i), one, true));
    view.setUint8(32 + 32 * n + i, worst ?? 0);
  });
  return bytes;
}

const A = "8624eb077ffffff";
const B = "8624eb60fffffff";
const snapshot = (seq: number, cells: GivenCell[]) => decodeCells(cellBytes(3, seq, cells));
const delta = (seq: number, cells: GivenCell[]) => decodeCells(cellBytes(4, seq, cells));

test("a snapshot replaces everything, a delta changes what it names, a count of none removes", () => {
  const store = new CellStore();
  store.apply(snapshot(1, [{ cell: A, conditions: [1, 2, 3, 0, 1], worst: 4 }, { cell: B, conditions: [0, 5, 0, 0, 0] }]));
  expect(store.cells.get(A)).toMatchObject({ count: 7, conditions: [1, 2, 3, 0, 1], worst: "critical" });
  expect(store.total()).toBe(12);
  store.apply(delta(2, [{ cell: A, conditions: [1, 2, 4, 0, 0] }, { cell: B, conditions: [0, 0, 0, 0, 0] }]));
  expect([...store.cells.keys()]).toEqual([A]);
  expect(store.cells.get(A)).toMatchObject({ count: 7, worst: "none" });
  store.apply(snapshot(3, [{ cell: B, conditions: [0, 1, 0, 0, 0] }]));
  expect([...store.cells.keys()]).toEqual([B]);
});

test("a gap asks for a snapshot and still shows what came; an old delta changes nothing", () => {
  const onGap = vi.fn();
  const store = new CellStore(onGap);
  expect(store.apply(delta(1, [{ cell: A, conditions: [1, 0, 0, 0, 0] }]))).toBe("stale");
  store.apply(snapshot(5, []));
  expect(store.apply(delta(7, [{ cell: A, conditions: [1, 0, 0, 0, 0] }]))).toBe("gap");
  expect(onGap).toHaveBeenCalledOnce();
  expect(store.total()).toBe(1);
  expect(store.apply(delta(6, [{ cell: A, conditions: [9, 0, 0, 0, 0] }]))).toBe("stale");
  expect(store.total()).toBe(1);
});

test("cells are told from vehicles by the kind, and a message that is cut is refused", () => {
  expect(isCells(cellBytes(4, 1, []))).toBe(true);
  expect(isCells(frameBytes("delta", 1, []))).toBe(false);
  expect(() => decodeCells(frameBytes("delta", 1, []))).toThrow("kind");
  expect(() => decodeCells(cellBytes(3, 1, [{ cell: A, conditions: [1, 0, 0, 0, 0] }]).slice(0, -1))).toThrow("length");
});

test("what the server prints is read as it was meant, and its cells are H3's", () => {
  const bytes = new Uint8Array(PRINTED.match(/../g)!.map((byte) => Number.parseInt(byte, 16))).buffer;
  const frame = decodeCells(bytes);
  expect(frame).toMatchObject({ kind: "snapshot", seq: 5, resolution: 6, count: 2 });
  const store = new CellStore();
  store.apply(frame);
  for (const [key, cell] of store.cells) {
    expect(getResolution(key)).toBe(6);
    expect(cellToLatLng([cell.low, cell.high])).toEqual(cellToLatLng(key));
  }
  expect([...store.cells.values()].map((cell) => [cell.count, cell.worst])).toEqual([
    [1, "none"],
    [3, "critical"],
  ]);
});

test("a view is asked for with a margin, but not past the ends of the world", () => {
  expect(widened([109, 39, 110, 40])).toEqual([108.8, 38.8, 110.2, 40.2]);
  expect(widened([-179, -89, 179, 89])).toEqual([-180, -90, 180, 90]);
});

test("a place of the map is a word of the address; what is none is no place", () => {
  expect(placeOf(writePlace(9.5, { lat: 39.61235, lng: 109.8 }))).toEqual({ zoom: 9.5, center: [109.8, 39.61235] });
  for (const none of [undefined, "", "9", "9,39", "9,39,109,1", "9,99,109", "x,39,109", "25,39,109"]) {
    expect(placeOf(none)).toBeUndefined();
  }
});

test("names keep clear of the counts of cells, and where they cannot hide as few as they can", () => {
  const name = { x: 100, y: 100, width: 80, height: 20, hasPoint: true };
  const [free] = placeLabels([name]);
  const count = { x: free![0], y: free![1], width: 40, height: 30 };
  const [moved] = placeLabels([name], [count]);
  expect(moved).not.toEqual(free);
  const inset = { x: 300, y: 160, width: 400, height: 200 };
  const [beside] = placeLabels([{ ...name, y: 110, hasPoint: false }], [inset]) as [[number, number]];
  expect(beside[0] + 40 <= 100 || beside[1] + 10 <= 60).toBe(true);
  const everywhere = Array.from({ length: 400 }, (_, i) => ({ x: (i % 20) * 20 - 100, y: Math.floor(i / 20) * 20 - 100, width: 18, height: 18 }));
  const gap = everywhere.filter((one) => one.y < 120);
  expect(placeLabels([name], gap)[0]![1]).toBeGreaterThan(100);
});
