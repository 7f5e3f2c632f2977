import type { NoticeWords } from "./notices.zh.ts";

export const notices: NoticeWords = {
  title: "Notices",
  today: "Today, all channels",
  sent: (sent, received) => `${sent} sent, ${received} received`,
  failed: (n) => `${n} reached nobody`,
  saved: (n) => `${n} not needed any more`,
  show: "Show",
  shown: { all: "All", waiting: "To be sent or without receipt", trouble: "Reached nobody" },
  channel: "Channel",
  everyChannel: "Every channel",
  none: "No notice matches.",
  columns: ["Time", "Occasion", "Order", "Channel", "Phone", "State", "Sent", "Tries", "Cost"],
  due: (at) => `due ${at}`,
};
