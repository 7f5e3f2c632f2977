/** An area drawn by hand: corners, holes, parts, the way back, and GeoJSON in and out. */
import { expect, test } from "vitest";
import { NOTHING_DRAWN, Steps, add, begin, choose, fromGeoJson, insert, move, remove, removeRing, squareMetres, toGeoJson, type Corner, type Outline } from "../src/drawing/outline.ts";

const drawn = (...corners: Corner[]): Outline => corners.reduce(add, NOTHING_DRAWN);
const SQUARE = drawn([109.78, 39.6], [109.79, 39.6], [109.79, 39.61], [109.78, 39.61]);
const withHole = (outline: Outline): Outline => [[109.783, 39.603], [109.786, 39.603], [109.786, 39.606]].reduce((one, at) => add(one, at as unknown as Corner), begin(outline, true));
const cornersOf = (outline: Outline): number[] => outline.rings.map((ring) => ring.corners.length);

test("a line of two corners is no ground yet, three are", () => {
  expect(toGeoJson(drawn([1, 2], [2, 2]))).toBeUndefined();
  expect(toGeoJson(drawn([1, 2], [2, 2], [2, 3]))).toEqual({ type: "Polygon", coordinates: [[[1, 2], [2, 2], [2, 3], [1, 2]]] });
});

test("corners are moved, put between two and taken away, and what was before is untouched", () => {
  const moved = move(SQUARE, 0, 1, [109.795, 39.6]);
  expect(moved.rings[0]!.corners[1]).toEqual([109.795, 39.6]);
  expect(insert(SQUARE, 0, 2, [109.8, 39.605]).rings[0]!.corners[2]).toEqual([109.8, 39.605]);
  expect(cornersOf(remove(SQUARE, 0, 0))).toEqual([3]);
  expect(cornersOf(SQUARE)).toEqual([4]);
  expect(move(SQUARE, 0, 9, [1, 1])).toEqual(SQUARE);
});

test("a hole belongs to the part around it, whichever was drawn first", () => {
  const far = begin(drawn([110, 39.6], [110.01, 39.6], [110.01, 39.61]), false);
  const both = withHole(SQUARE.rings[0]!.corners.reduce((one, at) => add(one, at), far));
  const area = toGeoJson(both);
  expect(area?.type).toBe("MultiPolygon");
  expect((area?.coordinates as unknown[][]).map((rings) => rings.length)).toEqual([1, 2]);
});

test("a hole that was begun and not drawn changes nothing, and beginning twice begins one", () => {
  const begun = begin(begin(SQUARE, true), false);
  expect(begun.rings.map((ring) => ring.isHole)).toEqual([false, false]);
  expect(toGeoJson(begun)).toEqual(toGeoJson(SQUARE));
});

test("taking the last corner of a ring takes the ring, and the last ring leaves an empty one", () => {
  const one = add(begin(SQUARE, true), [109.785, 39.605]);
  expect(cornersOf(remove(one, 1, 0))).toEqual([4]);
  expect(removeRing(SQUARE, 0)).toEqual(NOTHING_DRAWN);
  expect(removeRing(withHole(SQUARE), 0).at).toBe(0);
  expect(choose(withHole(SQUARE), 7).at).toBe(1);
});

test("what goes out comes in again", () => {
  const area = toGeoJson(withHole(SQUARE));
  expect(toGeoJson(fromGeoJson(area)!)).toEqual(area);
  const feature = { type: "FeatureCollection", features: [{ type: "Feature", properties: {}, geometry: area }] };
  expect(toGeoJson(fromGeoJson(feature)!)).toEqual(area);
});

test.each([
  ["nothing", undefined],
  ["a point", { type: "Point", coordinates: [1, 2] }],
  ["a collection without ground", { type: "FeatureCollection", features: [] }],
  ["text for numbers", { type: "Polygon", coordinates: [[["a", 1], [1, 2], [2, 2]]] }],
  ["a ring of two corners", { type: "Polygon", coordinates: [[[1, 2], [2, 2], [1, 2]]] }],
  ["one bad ring among good ones", { type: "Polygon", coordinates: [[[1, 2], [2, 2], [2, 3]], 7] }],
])("%s is no outline", (_, value) => expect(fromGeoJson(value)).toBeUndefined());

test("the drawn ground is measured with its holes taken off", () => {
  const whole = squareMetres(SQUARE);
  expect(whole / (0.01 * 111_195 * (0.01 * 111_195 * Math.cos((39.6 * Math.PI) / 180)))).toBeCloseTo(1, 2);
  expect(squareMetres(withHole(SQUARE)) / whole).toBeCloseTo(1 - 0.045, 3);
  expect(squareMetres(drawn([1, 2], [2, 2]))).toBe(0);
});

test("steps go back and forth, and a new one forgets what was undone", () => {
  const steps = new Steps("a");
  steps.take("b");
  steps.take("c");
  steps.take("c");
  expect([steps.undo(), steps.undo(), steps.undo(), steps.canUndo]).toEqual(["b", "a", "a", false]);
  expect([steps.redo(), steps.take("d"), steps.canRedo, steps.redo(), steps.undo()]).toEqual(["b", "d", false, "d", "b"]);
});
