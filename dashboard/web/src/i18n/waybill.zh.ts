/** Words of the page on which the recipient of a parcel chooses. */
export const waybill = {
  page: "您的包裹",
  title: (station: string) => `${station}有您的包裹`,
  number: "运单号",
  by: (at: string) => `请在 ${at} 前选择，否则到柜台自取。`,
  when: "什么时候送",
  where: "送到哪里",
  noSlots: "目前没有可选的时段。",
  choose: "就这样送",
  change: "更改",
  counter: "到柜台自取",
  chosen: (slot: string, place: string) => `已约定 ${slot}，送到${place}。车快到时会通知您；送车出发前都可以更改。`,
  atCounter: (station: string) => `包裹在${station}柜台等您自取。`,
  ordered: "配送已开始。",
  follow: "查看配送车",
  over: "这件包裹的配送已经结束。",
};

export type WaybillWords = typeof waybill;
