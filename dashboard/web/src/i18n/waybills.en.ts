import type { StationWords } from "./waybills.zh.ts";

export const waybills: StationWords = {
  tab: "Waybills",
  push: "Upload waybills as CSV",
  pushed: (n) => `${n} pushed; their recipients get a message.`,
  refused: (n) => `${n} errors in the file; nothing was pushed:`,
  row: (n) => `Row ${n}`,
  tooBig: "The file is too large (at most 200,000 characters).",
  notServed: "Only a parcel station in a district with delivery vehicles can push waybills.",
  none: "No waybills yet.",
  slot: (at) => `agreed ${at}`,
  by: (at) => `answer by ${at}`,
};
