/** Lists that come page by page: what is shown and where it goes on belong together. */
import { expect, test } from "vitest";
import type { Page } from "../src/api/records.ts";
import { Paged } from "../src/records/paged.svelte.ts";

test("further pages come behind the first until there are none", async () => {
  const pages: Record<string, Page<number>> = { first: { items: [1, 2], nextCursor: "b" }, b: { items: [3], nextCursor: null } };
  const list = new Paged<number>((cursor) => Promise.resolve(pages[cursor ?? "first"]!));
  await list.ask();
  expect([list.asked.data, list.cursor]).toEqual([[1, 2], "b"]);
  await list.more();
  expect([list.asked.data, list.cursor]).toEqual([[1, 2, 3], null]);
});

test("an answer that comes after a newer one changes neither the list nor where it goes on", async () => {
  const answers: ((page: Page<string>) => void)[] = [];
  const list = new Paged<string>(() => new Promise((resolve) => answers.push(resolve)));
  const older = list.ask();
  const newer = list.ask();
  answers[1]!({ items: ["of the new filter"], nextCursor: "new" });
  await newer;
  answers[0]!({ items: ["of the old filter"], nextCursor: "old" });
  await older;
  expect([list.asked.data, list.cursor]).toEqual([["of the new filter"], "new"]);
});

test("an entry that changed leaves where the list goes on", async () => {
  const list = new Paged<number>(() => Promise.resolve({ items: [1, 2], nextCursor: "b" }));
  await list.ask();
  list.put([1, 3]);
  expect([list.asked.data, list.cursor]).toEqual([[1, 3], "b"]);
});
