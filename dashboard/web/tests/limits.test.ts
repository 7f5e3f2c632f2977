/** Weather limits on the page: what counts, whose it is, and what a company may not loosen. */
import { expect, test } from "vitest";
import type { Limits } from "../src/api/site.ts";
import { draftOf, looser, shown, valuesOf } from "../src/site/limits.ts";

const CITY = { limits: { highestWindMps: 12, lowestAirC: -25, refusedRoads: ["ice"] }, bears: { highestWindMps: 12, lowestAirC: -25, refusedRoads: ["ice"] } } as unknown as Limits;
const OWN = { limits: { highestWindMps: 8, refusedRoads: [] }, bears: { highestWindMps: 8, lowestAirC: -25, refusedRoads: ["ice"] } } as unknown as Limits;

test("a limit is a company's own only where that is the stricter", () => {
  expect(shown("highestWindMps", CITY, OWN)).toEqual({ value: 8, source: "own" });
  expect(shown("lowestAirC", CITY, OWN)).toEqual({ value: -25, source: "city" });
  expect(shown("highestWindMps", CITY, undefined)).toEqual({ value: 12, source: "city" });
  expect(shown("deepestSnowCm", CITY, OWN)).toEqual({ value: undefined, source: "none" });
});

test("a company's limit that the city has overtaken is the city's", () => {
  const overtaken = { limits: { highestWindMps: 8 }, bears: { highestWindMps: 6 } } as unknown as Limits;
  const strict = { limits: { highestWindMps: 6 }, bears: { highestWindMps: 6 } } as unknown as Limits;
  expect(shown("highestWindMps", strict, overtaken)).toEqual({ value: 6, source: "city" });
});

test("looser than the city is named, as strict and stricter are not", () => {
  const draft = draftOf(undefined);
  expect(looser({ ...draft, numbers: { ...draft.numbers, highestWindMps: 12 } }, CITY)).toBeUndefined();
  expect(looser({ ...draft, numbers: { ...draft.numbers, highestWindMps: 12.5 } }, CITY)?.field).toBe("highestWindMps");
  expect(looser({ ...draft, numbers: { ...draft.numbers, lowestAirC: -26 } }, CITY)?.field).toBe("lowestAirC");
  expect(looser({ ...draft, numbers: { ...draft.numbers, deepestSnowCm: 99 } }, CITY)).toBeUndefined();
});

test("a company sends only the roads that the city does not refuse anyway", () => {
  const draft = { ...draftOf(undefined), roads: ["wet", "ice", "snow"] };
  expect(valuesOf(draft, CITY, true).refusedRoads).toEqual(["snow", "wet"]);
  expect(valuesOf(draft, CITY, false).refusedRoads).toEqual(["ice", "snow", "wet"]);
});
