import { describe, expect, it } from "vitest";
import { basisPointsOf, fenOf } from "../src/console/amounts.ts";

describe("what somebody types of money", () => {
  it("is fen to the last digit, never through a float", () => {
    expect(["12.3", "0.29", "-4", "1234567.89"].map(fenOf)).toEqual([1230, 29, -400, 123456789]);
  });
  it("is no amount when it is zero, has three decimals or is no number", () => {
    expect(["0", "1.234", "abc", "", "1e3"].map(fenOf)).toEqual([undefined, undefined, undefined, undefined, undefined]);
  });
  it("is a fee in hundredths of a per cent, from 0 to 50", () => {
    expect(["0", "5", "8.5", "50", "50.00"].map(basisPointsOf)).toEqual([0, 500, 850, 5000, 5000]);
    expect(["50.01", "-1", "5.123", "", "x"].map(basisPointsOf)).toEqual([undefined, undefined, undefined, undefined, undefined]);
  });
});
