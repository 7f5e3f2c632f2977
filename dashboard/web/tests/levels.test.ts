/** Priorities of kinds of merchant in the form of a zone. */
import { expect, test } from "vitest";
import { changedLevels, fieldsOf, levelsOf } from "../src/planning/levels.ts";

test("every kind of the zone has a field, and one that has a level although nobody of it is left", () => {
  expect(fieldsOf(["supermarket", "pharmacy"], { pharmacy: 2, tea_house: 1 })).toEqual({ pharmacy: 2, supermarket: 0, tea_house: 1 });
});

test("a kind without a level is not sent", () => {
  expect(levelsOf({ pharmacy: 2, supermarket: 0, restaurant: null })).toEqual({ pharmacy: 2 });
});

test("what differs is named with both levels", () => {
  expect(changedLevels({ pharmacy: 2, bakery: 1 }, { pharmacy: 3, fresh: 1, bakery: 1 })).toEqual([["fresh", 0, 1], ["pharmacy", 2, 3]]);
});
