import type { WaybillWords } from "./waybill.zh.ts";

export const waybill: WaybillWords = {
  page: "Your parcel",
  title: (station) => `${station} has a parcel for you`,
  number: "Waybill",
  by: (at) => `Please choose before ${at}; after that it waits at the counter.`,
  when: "When",
  where: "Where",
  noSlots: "No slot can be chosen at the moment.",
  choose: "Bring it then and there",
  change: "Change",
  counter: "I come to the counter",
  chosen: (slot, place) => `Agreed: ${slot}, ${place}. You are told when the vehicle is near; until it sets out you may change it.`,
  atCounter: (station) => `Your parcel waits at the counter of ${station}.`,
  ordered: "It is being delivered.",
  follow: "See the vehicle",
  over: "The delivery of this parcel is over.",
};
