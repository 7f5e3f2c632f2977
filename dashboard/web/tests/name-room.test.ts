/** The name of a fence stands inside it only where it covers less than the fence. */
import { expect, test } from "vitest";
import { roomFrom } from "../src/fences/name-room.ts";

const square = (degrees: number): [number, number, number, number] => [109.8, 39.6, 109.8 + degrees, 39.6 + degrees];

test("a name has room in a fence twice as large one zoom earlier", () => {
  expect(roomFrom("示例禁行区", square(0.002))).toBe(roomFrom("示例禁行区", square(0.004)) + 1);
});

test("a street crossing is smaller than its name on a screen that shows a town", () => {
  expect(roomFrom("示例中兴禁行区", square(0.0003))).toBeGreaterThan(17);
  expect(roomFrom("示例运营区", square(0.1))).toBeLessThan(12);
});

test("a narrow fence is measured by its narrow side, and a long name by its lines", () => {
  const narrow: [number, number, number, number] = [109.8, 39.6, 109.81, 39.6002];
  expect(roomFrom("示例", narrow)).toBeGreaterThan(roomFrom("示例", square(0.01)));
  expect(roomFrom("Sample Zhongxing No-go Zone by the long school street", square(0.001))).toBeGreaterThanOrEqual(roomFrom("Zone", square(0.001)));
});
