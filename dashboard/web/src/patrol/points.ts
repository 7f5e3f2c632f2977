/** What the map shows, and the local minutes of windows as people write them. */
import type { RunSheet } from "../api/patrol.ts";

export interface MapPoint {
  lat: number;
  lng: number;
  label: string;
  title: string;
  kind: "plain" | "due" | "inspected" | "doubtful" | "missed" | "evidence" | "found" | "target";
  isChosen?: boolean;
}

/** 390 → "06:30"; null → "". */
export const clockOf = (minute: number | null | undefined): string =>
  minute == null ? "" : `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;

/** "06:30" → 390; anything else → null. */
export function minuteOf(clock: string): number | null {
  const [, hours, minutes] = /^(\d{2}):(\d{2})/.exec(clock) ?? [];
  return hours === undefined ? null : Number(hours) * 60 + Number(minutes);
}

export function pointsOfRun(sheet: RunSheet, name: (zh: string, en: string) => string): MapPoint[] {
  const seen = sheet.evidence.map((one): MapPoint => ({
    lat: one.lat,
    lng: one.lng,
    label: one.finding ? "!" : "",
    title: one.detail,
    kind: one.finding ? "found" : "evidence",
  }));
  const due = sheet.points.map((one, index): MapPoint => ({
    lat: one.lat,
    lng: one.lng,
    label: String(index + 1),
    title: name(one.nameZh, one.nameEn),
    kind: one.state,
  }));
  return [...seen.filter((one) => one.kind === "evidence"), ...due, ...seen.filter((one) => one.kind === "found")];
}
