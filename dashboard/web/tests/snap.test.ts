/** Corners that take hold of corners and borders, and areas that are cut in two. */
import { expect, test } from "vitest";
import { add, begin, NOTHING_DRAWN, squareMetres, toGeoJson, type Corner, type Outline } from "../src/drawing/outline.ts";
import { linesOf, snapTo } from "../src/drawing/snap.ts";
import { splitAlong } from "../src/drawing/split.ts";

const drawn = (...corners: Corner[]): Outline => corners.reduce(add, NOTHING_DRAWN);
const SQUARE = drawn([109.78, 39.6], [109.79, 39.6], [109.79, 39.61], [109.78, 39.61]);
const LINES = linesOf([toGeoJson(SQUARE)!, { type: "Point", coordinates: [109.7801, 39.6] }]);
const REACH = 0.0005;

test("a corner takes hold of the nearest corner within reach, though a border is nearer", () => {
  expect(snapTo([109.78004, 39.60001], LINES, REACH)).toEqual([109.78, 39.6]);
});

test("with no corner within reach it takes hold of the border, at right angles", () => {
  const [lng, lat] = snapTo([109.785, 39.6003], LINES, REACH)!;
  expect([lng, lat]).toEqual([109.785, 39.6]);
});

test("what is farther than the reach is left alone, and a point is no border", () => {
  expect(snapTo([109.785, 39.605], LINES, REACH)).toBeUndefined();
  expect(snapTo([109.785, 39.6 - 0.0008], LINES, REACH)).toBeUndefined();
  expect(linesOf([{ type: "Point", coordinates: [1, 2] }])).toEqual([]);
});

test("the reach is as far north as east on the ground", () => {
  const squeeze = Math.cos((39.6 * Math.PI) / 180);
  expect(snapTo([109.785, 39.6 - REACH * squeeze * 0.9], LINES, REACH)).toBeDefined();
  expect(snapTo([109.785, 39.6 - REACH * squeeze * 1.1], LINES, REACH)).toBeUndefined();
});

test("a cut makes two areas that are the whole together, the larger first", () => {
  const [large, small] = splitAlong(SQUARE, [109.783, 39.5], [109.783, 39.7])!;
  expect(squareMetres(large) + squareMetres(small)).toBeCloseTo(squareMetres(SQUARE), -1);
  expect(squareMetres(small) / squareMetres(SQUARE)).toBeCloseTo(0.3, 3);
});

test("a hole on the line is cut as well and stays ground of neither", () => {
  const hole: Corner[] = [[109.784, 39.604], [109.786, 39.604], [109.786, 39.606], [109.784, 39.606]];
  const holed = hole.reduce(add, begin(SQUARE, true));
  const parts = splitAlong(holed, [109.785, 39.6], [109.785, 39.61])!;
  expect(squareMetres(parts[0]) + squareMetres(parts[1])).toBeCloseTo(squareMetres(holed), -1);
});

test("a concave area may fall into several parts on one side", () => {
  const comb = drawn([0, 0], [5, 0], [5, 3], [4, 3], [4, 1], [1, 1], [1, 3], [0, 3]);
  const cut = splitAlong(comb, [-1, 2], [6, 2])!;
  expect(cut.map((one) => one.rings.length).sort()).toEqual([1, 2]);
});

test("a line beside the area, along its border, or of no length cuts nothing", () => {
  expect(splitAlong(SQUARE, [109.9, 39.5], [109.9, 39.7])).toBeUndefined();
  expect(splitAlong(SQUARE, [109.78, 39.5], [109.78, 39.7])).toBeUndefined();
  expect(splitAlong(SQUARE, [109.785, 39.6], [109.785, 39.6])).toBeUndefined();
  expect(splitAlong(NOTHING_DRAWN, [0, 0], [1, 1])).toBeUndefined();
});
