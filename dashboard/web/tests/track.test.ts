import { expect, test } from "vitest";
import { path, sampled } from "../src/scan/track.ts";

const at = (s: number, lat = 39.6, lng = 109.8) => ({ measuredAtMs: s * 1000, lat, lng });

test("a minute of positions is a few rows, the newest first", () => {
  const points = Array.from({ length: 61 }, (_, s) => at(s));
  expect(sampled(points, 30_000).map((point) => point.measuredAtMs)).toEqual([60_000, 30_000, 0]);
  expect(sampled([], 30_000)).toEqual([]);
});

test("a way to the east runs to the right in the middle of the box", () => {
  const line = path([at(0), at(1, 39.6, 109.81)], 320, 180);
  expect(line).toMatch(/^M12\.0 90\.0L308\.0 90\.0$/);
  expect(path([at(0)], 320, 180)).toBe("");
});

test("north is up", () => {
  const [, from, to] = /^M\S+ (\S+)L\S+ (\S+)$/.exec(path([at(0), at(1, 39.61)], 320, 180)) ?? [];
  expect(Number(from)).toBeGreaterThan(Number(to));
});
