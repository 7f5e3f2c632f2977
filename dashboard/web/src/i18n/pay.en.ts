import type { PayWords } from "./pay.zh.ts";

export const pay: PayWords = {
  how: "Payment",
  by: { balance: "From my balance", at_pickup: "At pickup" },
  hint: { balance: "Held when you order; goes back if you cancel", at_pickup: "Paid after collecting, at a service point of the operator: ask where by telephone" },
  holds: (money) => `balance ${money}`,
  tooLow: (short) => `Your balance is ${short} short. Top up at a service point, or pay at pickup.`,
  unknown: "The balance cannot be read now",
  title: "My balance",
  back: "Home",
  balance: "Balance",
  due: "Still to pay",
  dueHint: "Collected and not paid yet; please pay at a service point of the operator. Ask where by telephone.",
  myData: "My data, and leaving",
  topUp: "There is no payment gateway: give your phone number at a service point of the operator to top up. The receipt appears below.",
  none: "Nothing yet. Top-ups and orders appear here.",
  lines: "Entries",
  receipt: (no) => `Receipt ${no}`,
  order: (no) => `Order ${no}`,
  source: { order: "Order", sale: "Bought from a vehicle", top_up: "Top-up", receipt: "Paid at a counter", refund: "Refund", back: "Order given back" },
};
