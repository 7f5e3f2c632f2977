import type { LifeWords } from "./life.zh.ts";

export const life: LifeWords = {
  title: "Decommission",
  open: "Decommission…",
  noTask: "It has no task.",
  toLoad: (n) => `${n} orders not loaded yet`,
  calls: (n) => `${n} calls not served yet`,
  aboard: (n) => `Goods of ${n} orders are in it: a crew takes them out first`,
  road: "It is on the road: it will stop safely, and a crew is asked to fetch it",
  rest: "Work that is left",
  rule: "It takes no new work from now on; scheduled sweeping and patrol follow their own rules. There is no way back, and its code is not used again.",
  why: "Why",
  needWhy: "Say why.",
  confirm: "Decommission it",
  over: "It is decommissioned.",
  asked: (name, rest, reason) => `${name} decided it (${rest}): ${reason}. It ends by itself as soon as nothing is left.`,
  police: {
    open: "One-time code for the police…",
    title: "One-time code for a police officer",
    note: "With it an officer who scans the vehicle sees policy number, mode and the last ten minutes: for 30 minutes, opened once, on record when given and when used.",
    officer: "Officer (name, badge, station)",
    why: "Reason",
    needBoth: "Please say who asks and why.",
    give: "Make a code",
    tell: "Tell the officer this code; it is not shown again:",
    until: (at) => `good until ${at}`,
  },
};
