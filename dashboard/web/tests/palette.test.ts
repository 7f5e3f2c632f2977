import { expect, test } from "vitest";
import { found, GROUPS, stepped, type Entry } from "../src/console/palette.ts";

const entry = (group: Entry["group"], label: string, detail = ""): Entry => ({
  id: `${group}-${label}`,
  group,
  label,
  detail,
  run: () => undefined,
});
const labels = (entries: readonly Entry[], text: string): string[] => found(entries, text).map((one) => one.label);

test("without a word only where one can go and what can be set is offered", () => {
  const all = GROUPS.map((group) => entry(group, group));
  expect(labels(all, "  ")).toEqual(["view", "page", "setting"]);
});

test("every view is offered, however many there are", () => {
  const views = Array.from({ length: 12 }, (_, no) => entry("view", `view ${no}`));
  expect(found(views, "")).toHaveLength(12);
});

test("every word must be there, in the label or beside it, in any case", () => {
  const all = [entry("order", "9F3A21", "张记牛肉面 · 配送中 · EDS-KB-D-0001-O"), entry("order", "77AB10", "张记牛肉面 · 已取消")];
  expect(labels(all, "张记")).toEqual(["9F3A21", "77AB10"]);
  expect(labels(all, "张记 kb-d")).toEqual(["9F3A21"]);
  expect(labels(all, "王记")).toEqual([]);
});

test("what begins with the words stands before a part that does, and that before one in the middle", () => {
  const all = [entry("vehicle", "EDS-DS-V-1001-K"), entry("vehicle", "EDS-KB-V-0100-X"), entry("vehicle", "0100-EDS")];
  expect(labels(all, "0100")).toEqual(["0100-EDS", "EDS-KB-V-0100-X"]);
  expect(labels(all, "100")).toEqual(["EDS-DS-V-1001-K", "EDS-KB-V-0100-X", "0100-EDS"]);
});

test("a group shows six at most, and groups keep their order whatever matches best", () => {
  const vehicles = Array.from({ length: 40 }, (_, no) => entry("vehicle", `EDS-KB-D-${1000 + no}`));
  const shown = found([...vehicles, entry("view", "EDS map")], "eds");
  expect(shown.map((one) => one.group)).toEqual(["view", ...Array(6).fill("vehicle")]);
});

test("stepping goes round and stands still where nothing is", () => {
  expect([stepped(0, -1, 3), stepped(2, 1, 3), stepped(0, 1, 0)]).toEqual([2, 0, 0]);
});
