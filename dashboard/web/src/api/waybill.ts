import { ask } from "./http.ts";
import type { components } from "./schema.d.ts";

export type Offer = components["schemas"]["WaybillOffer"];

const say = (verb: string, body: object): Promise<Offer> => ask(`/api/waybills/${verb}`, { method: "POST", body });
export const openOffer = (token: string): Promise<Offer> => say("open", { token });
export const choose = (token: string, slotAt: string, pickupPointId: string): Promise<Offer> =>
  say("choose", { token, slotAt, pickupPointId });
export const decline = (token: string): Promise<Offer> => say("decline", { token });
