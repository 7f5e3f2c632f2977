/** What people on the street say of vehicles, at the console. */
export const feedback = {
  tab: "反馈",
  all: "包括已答复的",
  none: "没有待处理的市民反馈。有人扫车身二维码反馈后会出现在这里。",
  look: "我来处理",
  answer: "答复",
  resolved: "已解决并答复",
  rejected: "不采纳并答复",
  needWords: "请写明处理结果，反馈人会看到。",
  others: (count: number) => `同时答复另外 ${count} 条相同的反馈`,
  handedOn: (now: string, first: string) => `现由 ${now} 处理（先由 ${first}）`,
  answered: (who: string, words: string) => `${who} 答复：${words}`,
};

export type FeedbackWords = typeof feedback;
