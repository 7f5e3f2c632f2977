/** Streets of a set, chosen from the roads of a town or brought as GeoJSON. */
import { expect, test } from "vitest";
import type { Roads } from "../src/map/roads.ts";
import { blocksOf, lengthM, linesOfStreets, streetsFromGeoJson, toggled } from "../src/planning/streets.ts";

const road = (name: string, coordinates: [number, number][], oneWay = false): Roads["features"][number] => ({
  type: "Feature",
  properties: { class: "residential", name, nameEn: name, oneWay },
  geometry: { type: "LineString", coordinates },
});
const TOWN: Roads = {
  type: "FeatureCollection",
  features: [
    road("long", [[109.78, 39.6], [109.781, 39.6], [109.782, 39.6], [109.783, 39.6]]),
    road("cross", [[109.782, 39.59], [109.782, 39.6], [109.782, 39.61]], true),
  ],
};

test("roads are cut where another one touches them, and not where they only bend", () => {
  const blocks = blocksOf(TOWN);
  expect(blocks.map((block) => [block.name, block.points.length])).toEqual([["long", 3], ["long", 2], ["cross", 2], ["cross", 2]]);
  expect(blocks[0]!.points.at(-1)).toEqual(blocks[2]!.points.at(-1));
  expect(blocks.map((block) => block.isOneWay)).toEqual([false, false, true, true]);
});

test("two roads between the same two places are two blocks", () => {
  const twins: Roads = { type: "FeatureCollection", features: [road("one", [[1, 1], [1.5, 1.2], [2, 2]]), road("other", [[1, 1], [1.5, 1.8], [2, 2]])] };
  expect(new Set(blocksOf(twins).map((block) => block.id)).size).toBe(2);
  expect(blocksOf(twins).every((block) => block.id.length <= 64)).toBe(true);
});

test("a block is put into the set and taken out of it by the same click", () => {
  const [first, second] = blocksOf(TOWN);
  const set = toggled(toggled([], first!), second!);
  expect(set.map((street) => street.streetId)).toEqual([first!.id, second!.id]);
  expect(toggled(set, first!).map((street) => street.streetId)).toEqual([second!.id]);
});

test("streets of the set are drawn also where the town has no such road", () => {
  const blocks = blocksOf(TOWN);
  const imported = streetsFromGeoJson({ type: "MultiLineString", coordinates: [[[1, 1], [1, 2]]] })!;
  const drawn = linesOfStreets(blocks, toggled(imported, blocks[0]!)).features.map((one) => [one.properties.id, one.properties.isChosen]);
  expect(drawn).toEqual([...blocks.slice(1).map((block) => [block.id, false]), ["line-1", true], [blocks[0]!.id, true]]);
});

test.each([
  ["ground", { type: "Polygon", coordinates: [[[1, 2], [2, 2], [2, 3], [1, 2]]] }],
  ["a line of one place", { type: "LineString", coordinates: [[1, 2]] }],
  ["text", "LineString"],
])("%s is no set of streets", (_, value) => expect(streetsFromGeoJson(value)).toBeUndefined());

test("a street is as long as it is on the ground", () => {
  expect(lengthM([[109.78, 39.6], [109.78, 39.601]])).toBeCloseTo(111.2, 0);
  expect(lengthM([[109.78, 39.6], [109.781, 39.6]])).toBeCloseTo(85.7, 0);
});
