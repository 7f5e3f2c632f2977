import { merchantKinds } from "./merchant-kinds.en.ts";
import type { shopping as zh } from "./shopping.zh.ts";

export const shopping: typeof zh = {
  town: "Town",
  current: "Under way",
  earlier: "Recent",
  older: "Earlier orders",
  search: "Search merchants or goods",
  found: (n) => `${n} merchants`,
  noneNamed: (text) => `No merchant is called “${text}” or sells it.`,
  merchants: "Merchants nearby",
  noMerchants: "No merchant in this town yet. Try another town.",
  closed: (hours) => `Closed · open ${hours}`,
  open: (hours) => (hours === "00:00-24:00" ? "Open all day" : `Open ${hours}`),
  shutToday: "Closed today",
  paused: (why, until) => `Paused${why ? ` (${why})` : ""}${until ? ` · back at ${until}` : ""}`,
  pauseWhy: {
    break: "a break",
    too_many_orders: "too many orders",
    short_staffed: "short of staff",
    equipment: "equipment broken",
    out_of_goods: "out of goods",
  },
  unlicensed: "No valid licence: takes no orders",
  busy: (n) => `Busy: about ${n} min longer`,
  kinds: merchantKinds,
};
