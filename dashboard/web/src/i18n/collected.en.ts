import type { CollectedWords } from "./collected.zh.ts";

export const collected: CollectedWords = {
  title: "Collected by: ",
  by: {
    customer: "You, or whoever had your code",
    delegate: "Whom you named",
    staff: "Opened by our staff from afar",
    crew: "The field crew",
    merchant: "People of the shop",
    somebody: "Not known; please call if you did not expect it",
  },
  how: {
    page: "on the phone page",
    link: "by a shared link",
    keypad: "by the vehicle's keypad",
    hand: "by hand at the vehicle",
    remote: "from afar",
  },
};
