import { expect, test, vi } from "vitest";
import { TopicStore, type TopicMessage } from "../src/live/topic.ts";

interface Item {
  id: string;
  state?: string;
}
const message = (type: TopicMessage<Item>["type"], seq: number, ...items: Item[]): TopicMessage<Item> => ({
  topic: "alarms",
  type,
  seq,
  items,
});

test("nothing is known before the first snapshot, which is not the same as nothing", () => {
  const store = new TopicStore<Item>((item) => item.id);
  expect(store.apply(message("upsert", 1, { id: "a" }))).toBe("stale");
  expect([store.loaded, store.items.size]).toEqual([false, 0]);
  store.apply(message("snapshot", 0));
  expect([store.loaded, store.items.size]).toEqual([true, 0]);
});

test("upserts and removals follow a snapshot in order", () => {
  const store = new TopicStore<Item>((item) => item.id);
  store.apply(message("snapshot", 0, { id: "a" }, { id: "b" }));
  store.apply(message("upsert", 1, { id: "b", state: "cleared" }, { id: "c" }));
  store.apply(message("remove", 2, { id: "a" }));
  expect([...store.items.values()]).toEqual([{ id: "b", state: "cleared" }, { id: "c" }]);
});

test("a message that does not follow asks for a snapshot; one that came before is ignored", () => {
  const onGap = vi.fn();
  const store = new TopicStore<Item>((item) => item.id, onGap);
  store.apply(message("snapshot", 0));
  expect(store.apply(message("upsert", 2, { id: "a" }))).toBe("gap");
  expect(onGap).toHaveBeenCalledOnce();
  expect(store.apply(message("upsert", 2, { id: "z" }))).toBe("stale");
  expect(store.items.has("z")).toBe(false);
});

test("a fresh snapshot starts the count anew", () => {
  const store = new TopicStore<Item>((item) => item.id);
  store.apply(message("snapshot", 0, { id: "a" }));
  store.apply(message("upsert", 1, { id: "b" }));
  store.apply(message("snapshot", 0, { id: "c" }));
  expect(store.apply(message("upsert", 1, { id: "d" }))).toBe("applied");
  expect([...store.items.keys()]).toEqual(["c", "d"]);
});

test("listeners hear of every message and of an answer put in ahead of the feed, until they leave", () => {
  const store = new TopicStore<Item>((item) => item.id);
  const heard = vi.fn();
  const leave = store.subscribe(heard);
  store.apply(message("snapshot", 0));
  store.put({ id: "a" });
  leave();
  store.put({ id: "b" });
  expect(heard).toHaveBeenCalledTimes(2);
});
