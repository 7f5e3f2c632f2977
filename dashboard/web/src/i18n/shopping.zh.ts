/** Who sells here, and when. */
import { merchantKinds } from "./merchant-kinds.zh.ts";

export const shopping = {
  town: "所在城区",
  current: "进行中",
  earlier: "最近订单",
  older: "更早的订单",
  search: "搜索商户或商品",
  found: (n: number) => `${n} 家商户`,
  noneNamed: (text: string) => `没有商户叫“${text}”，也没有商户卖它。`,
  merchants: "附近商户",
  noMerchants: "这个城区还没有商户接入。换个城区看看。",
  closed: (hours: string) => `休息中 · 营业 ${hours}`,
  open: (hours: string) => (hours === "00:00-24:00" ? "全天营业" : `营业 ${hours}`),
  shutToday: "今日休息",
  paused: (why: string, until: string) => `暂停接单${why ? `（${why}）` : ""}${until ? ` · ${until} 恢复` : ""}`,
  pauseWhy: {
    break: "店员休息",
    too_many_orders: "订单太多",
    short_staffed: "人手不足",
    equipment: "设备故障",
    out_of_goods: "货品售罄",
  } as Record<string, string>,
  unlicensed: "许可证无效，暂不接单",
  busy: (n: number) => `忙碌中，多等约 ${n} 分钟`,
  kinds: merchantKinds,
};
