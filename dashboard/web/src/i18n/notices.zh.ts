/** Words of the console's list of notices. */
export const notices = {
  title: "通知",
  today: "今日合计",
  sent: (sent: number, received: number) => `已发 ${sent}，送达 ${received}`,
  failed: (n: number) => `未送达 ${n}`,
  saved: (n: number) => `无需再发 ${n}`,
  show: "显示",
  shown: { all: "全部", waiting: "待发送或待回执", trouble: "未送达" },
  channel: "渠道",
  everyChannel: "全部渠道",
  none: "没有符合条件的通知。",
  columns: ["时间", "事由", "订单", "渠道", "手机号", "状态", "发送", "次数", "费用"],
  due: (at: string) => `${at} 发`,
};

export type NoticeWords = typeof notices;
