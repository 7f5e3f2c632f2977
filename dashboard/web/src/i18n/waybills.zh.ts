/** Words of a parcel station's list of waybills. */
export const waybills = {
  tab: "运单",
  push: "上传运单 CSV",
  pushed: (n: number) => `已推送 ${n} 件，收件人将收到短信。`,
  refused: (n: number) => `文件有 ${n} 处错误，一件都没有推送：`,
  row: (n: number) => `第 ${n} 行`,
  tooBig: "文件太大（最多 20 万字符）。",
  notServed: "只有在配送车服务的旗区里的包裹站才能推送运单。",
  none: "还没有运单。",
  slot: (at: string) => `约定 ${at}`,
  by: (at: string) => `${at} 前答复`,
};

export type StationWords = typeof waybills;
