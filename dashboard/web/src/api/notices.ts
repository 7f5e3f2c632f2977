import { ask } from "./http.ts";
import type { components } from "./schema.d.ts";

type Schemas = components["schemas"];
export type Notice = Schemas["NoticeView"];
export interface NoticeFilter {
  state: "all" | "waiting" | "trouble";
  channel: "page" | "sms" | "voice" | "wechat" | undefined;
}

export const notices = async (filter: NoticeFilter): Promise<Notice[]> => {
  const channel = filter.channel ? `&channel=${filter.channel}` : "";
  return (await ask<Schemas["NoticePage"]>(`/api/notices?limit=200&state=${filter.state}${channel}`)).items;
};
export const noticeCosts = (): Promise<Schemas["NoticeCosts"]> => ask("/api/notices/costs");
