export interface PayWords {
  how: string;
  by: Record<"balance" | "at_pickup", string>;
  hint: Record<"balance" | "at_pickup", string>;
  holds: (money: string) => string;
  tooLow: (short: string) => string;
  unknown: string;
  title: string;
  back: string;
  balance: string;
  due: string;
  dueHint: string;
  myData: string;
  topUp: string;
  points: string;
  open: (hours: string) => string;
  noPoints: string;
  none: string;
  lines: string;
  receipt: (no: string) => string;
  order: (no: string) => string;
  source: Record<string, string>;
}

export const pay: PayWords = {
  how: "付款方式",
  by: { balance: "余额支付", at_pickup: "取件时支付" },
  hint: { balance: "下单时冻结，取消原路退回", at_pickup: "取件后到运营方服务点付款，地点见「我的余额」" },
  holds: (money) => `余额 ${money}`,
  tooLow: (short) => `余额不足，还差 ${short}。请到服务点充值，或改为取件时支付。`,
  unknown: "暂时读不到余额",
  title: "我的余额",
  back: "返回首页",
  balance: "余额",
  due: "待付",
  dueHint: "取件后未付的金额，请到运营方服务点付款。",
  myData: "我的数据与注销",
  topUp: "本系统不接入支付网关：请到运营方服务点报手机号充值，凭证会出现在下面。",
  points: "服务点",
  open: (hours) => `每天 ${hours}`,
  noPoints: "运营方还没有登记服务点，地点请电话询问。",
  none: "还没有记录。充值或下单后会出现在这里。",
  lines: "明细",
  receipt: (no) => `凭证 ${no}`,
  order: (no) => `订单 ${no}`,
  source: { order: "订单", sale: "售卖车购买", top_up: "充值", receipt: "线下付款", refund: "退款", back: "订单退款" },
};
