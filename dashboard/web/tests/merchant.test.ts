import { expect, it } from "vitest";
import { unseen } from "../src/merchant/unseen.ts";

it("rings for new orders that nobody has seen, and for those alone", () => {
  expect(unseen(["a", "b"], new Set())).toEqual(["a", "b"]);
  expect(unseen(["a", "b"], new Set(["a"]))).toEqual(["b"]);
  expect(unseen([], new Set(["a"]))).toEqual([]);
});
