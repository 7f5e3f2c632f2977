import { expect, test } from "vitest";
import { ago, calendarDay, clockSeconds, clockTime, dayTime, distance, isoDay, millis, minutesUntil, money, speedKmh, thousands } from "../src/format.ts";
import { CityClock, freshness } from "../src/live/clock.ts";

test("data is fresh up to five seconds, amber after, and none before the first frame", () => {
  expect([freshness(1000, 6000), freshness(1000, 6001), freshness(-1, 0)]).toEqual(["fresh", "amber", "none"]);
});

test("city time runs at its rate and a frame corrects it without changing the rate", () => {
  const clock = new CityClock();
  clock.set(1_000_000, 10, 0);
  expect(clock.at(500)).toBe(1_005_000);
  clock.hear(1_006_000, 500);
  expect(clock.at(600)).toBe(1_007_000);
  clock.hear(0, 600);
  expect(clock.at(600)).toBe(1_007_000);
});

test("times are those of Shanghai whatever the browser's zone is", () => {
  expect([clockTime("2026-11-22T01:37:05Z"), dayTime("2026-11-21T17:00:00Z"), isoDay("2027-12-31T17:00:00Z")]).toEqual(["09:37", "11-22 01:00", "2028-01-01"]);
});

test("the clock of the wall turns the day at midnight in Shanghai and says it in the language", () => {
  const at = millis("2026-11-21T16:00:05Z");
  expect([clockSeconds(at), dayTime(at), isoDay(at)]).toEqual(["00:00:05", "11-22 00:00", "2026-11-22"]);
  expect([calendarDay(at, "zh"), calendarDay(at, "en")]).toEqual(["2026年11月22日星期日", "Sun, 22 Nov 2026"]);
});

test("thousands are told apart, also below zero", () => {
  expect([0, 999, 86_752.4, 1_234_567, -12_345].map(thousands)).toEqual(["0", "999", "86,752", "1,234,567", "-12,345"]);
});

test("distances, speeds and money read as people say them", () => {
  expect([distance(4), distance(943), distance(996), distance(2449), distance(120_400)]).toEqual([
    "0\u00a0m",
    "940\u00a0m",
    "1.0\u00a0km",
    "2.4\u00a0km",
    "120\u00a0km",
  ]);
  expect([speedKmh(4.2), money(1280)]).toEqual(["15\u00a0km/h", "¥12.80"]);
});

test("minutes until an arrival are rounded up and never negative", () => {
  const at = millis("2026-11-22T01:00:00Z");
  expect([minutesUntil(at, at - 61_000), minutesUntil(at, at + 1)]).toEqual([2, 0]);
});

test("how long ago something was is said in the largest unit that fits", () => {
  const words = { now: "now", minutes: (n: number) => `${n}m`, hours: (n: number) => `${n}h`, days: (n: number) => `${n}d` };
  const said = [30, 90, 3600 * 3, 3600 * 49].map((s) => ago(0, s * 1000, words));
  expect(said).toEqual(["now", "1m", "3h", "2d"]);
});
