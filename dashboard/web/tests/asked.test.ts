import { expect, test } from "vitest";
import { Asked } from "../src/parts/asked.svelte.ts";

/** A question whose answers are given by hand, in any order. */
function byHand() {
  const waiting: ((answer: string) => void)[] = [];
  return { waiting, asked: new Asked(() => new Promise<string>((answer) => waiting.push(answer))) };
}

test("an answer slower than the clock that asks for it is shown", async () => {
  const { waiting, asked } = byHand();
  const looks = [asked.again(), asked.again(), asked.again()];
  expect(waiting).toHaveLength(1);
  waiting[0]!("stopped");
  await Promise.all(looks);
  expect(asked.data).toBe("stopped");
});

test("the clock asks anew once the last answer is here", async () => {
  const { waiting, asked } = byHand();
  const first = asked.again();
  waiting[0]!("old");
  await first;
  const second = asked.again();
  waiting[1]!("new");
  await second;
  expect(asked.data).toBe("new");
});

test("an answer to an older question is dropped when somebody asked another", async () => {
  const { waiting, asked } = byHand();
  const looks = [asked.ask(), asked.ask()];
  waiting[0]!("older");
  waiting[1]!("newer");
  await Promise.all(looks);
  expect(asked.data).toBe("newer");
});
