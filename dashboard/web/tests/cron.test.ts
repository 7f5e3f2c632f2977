/** A schedule says when it is due in words; what is not as simple stays the expression that it is. */
import { expect, test } from "vitest";
import { dueDaily } from "../src/planning/cron.ts";

test("a few times of the day are named, also over midnight", () => {
  expect(dueDaily("15 22,0,2,4 * * *")).toEqual({ times: ["22:15", "00:15", "02:15", "04:15"] });
  expect(dueDaily("15 22-23,0-4 * * *")).toEqual({ times: ["22:15", "23:15", "00:15", "01:15", "02:15", "03:15", "04:15"] });
  expect(dueDaily("5 6-20/2 * * *")).toEqual({ times: ["06:05", "08:05", "10:05", "12:05", "14:05", "16:05", "18:05", "20:05"] });
});

test("many times are a span and a step, which ends with the last that is due", () => {
  expect(dueDaily("0 5-21 * * *")).toEqual({ from: "05:00", until: "21:00", everyH: 1 });
  expect(dueDaily("35 5-22/2 * * *")).toEqual({ from: "05:35", until: "21:35", everyH: 2 });
  expect(dueDaily("30 * * * *")).toEqual({ from: "00:30", until: "23:30", everyH: 1 });
});

test.each(["0 5 * * 1", "0 5 1 * *", "*/10 5 * * *", "0 25 * * *", "0 21-5 * * *", "0 5 * *", "0 MON * * *", "0 6-8,9-20 * * *"])("%s stays as it is", (expression) => expect(dueDaily(expression)).toBeUndefined());
