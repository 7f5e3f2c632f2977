/** Views of the console that somebody named. */
import { expect, test } from "vitest";
import { readViews, withView } from "../src/console/views.svelte.ts";

test("a view of the same name is written over and stands last", () => {
  const views = [{ name: "夜班", query: "c=alarm" }, { name: "配送", query: "s=delivery" }];
  expect(withView(views, { name: "夜班", query: "c=offline" })).toEqual([{ name: "配送", query: "s=delivery" }, { name: "夜班", query: "c=offline" }]);
});

test("of more than twenty the oldest goes", () => {
  const views = Array.from({ length: 20 }, (_, n) => ({ name: String(n), query: "" }));
  const kept = withView(views, { name: "new", query: "" });
  expect([kept.length, kept[0]!.name, kept.at(-1)!.name]).toEqual([20, "1", "new"]);
});

test("what a browser kept badly is nothing", () => {
  expect([readViews(null), readViews("{"), readViews('{"a":1}'), readViews('[{"name":1,"query":""},{"name":"a","query":"b"}]')]).toEqual([[], [], [], [{ name: "a", query: "b" }]]);
});
