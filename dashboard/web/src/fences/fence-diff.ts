/** What a version says and what differs from the one before, in words. Pure. */
import type { Geometry } from "geojson";
import type { Fence } from "../api/fences.ts";
import { fromGeoJson, squareMetres } from "../drawing/outline.ts";
import { speedKmh } from "../format.ts";
import type { fences } from "../i18n/fences.zh.ts";
import { clockOf } from "./fence-draft.ts";

type Words = typeof fences;
export interface Names {
  kind(kind: string): string;
  service(kind: string): string;
  district(code: string): string;
  operator(code: string): string;
}
export interface Line {
  field: string;
  name: string;
  before: string;
  after: string;
}

const KM2 = 1e6;
/** Fields that every version says; the others only where they say something. */
const ALWAYS_SAID = ["kind", "district", "operator", "services", "area", "hours", "source"];
const SOMETIMES_SAID = [
  "rules.speed_limit_mps", "rules.no_entry", "rules.no_stopping", "rules.allowed_services", "rules.capacity", "group",
  "timing.min_inside_s", "timing.min_outside_s", "timing.dwell_s", "timing.says_outside", "timing.near_m", "accuracy_m",
];

/** The fields that differ, in the server's order, each with what stood there and what does. */
export function diffOf(fence: Fence, before: Fence | undefined, words: Words, names: Names): Line[] {
  const fields = [...new Set(fence.changed.map((field) => (field.startsWith("hours") ? "hours" : field)))];
  return fields.map((field) => ({
    field,
    name: words.fields[field] ?? field,
    before: before ? sayOf(before, field, words, names) : "",
    after: sayOf(fence, field, words, names),
  }));
}

/** Everything that a version says. */
export function factsOf(fence: Fence, words: Words, names: Names): [name: string, value: string][] {
  const said = (field: string): string => sayOf(fence, field, words, names);
  const silent = ["", words.said.no, words.version.nothing, words.said.asKind, words.said.metres(0)];
  const some = SOMETIMES_SAID.filter((field) => !silent.includes(said(field)));
  return [...ALWAYS_SAID, ...some].map((field) => [words.fields[field] ?? field, said(field)]);
}

function sayOf(fence: Fence, field: string, words: Words, names: Names): string {
  const { rules, timing } = fence;
  const s = words.said;
  const yesNo = (value: boolean | null | undefined): string => (value == null ? s.asKind : value ? s.yes : s.no);
  const seconds = (value: number | null | undefined): string => (value == null ? s.asKind : s.seconds(value));
  const services = (list: readonly string[] | null | undefined): string => (list?.length ? list.map(names.service).join(" · ") : words.version.nothing);
  switch (field) {
    case "kind": return names.kind(fence.kind);
    case "name_zh": return fence.nameZh;
    case "name_en": return fence.nameEn;
    case "area": return areaOf(fence.geometry as unknown as Geometry, words);
    case "district": return fence.district ? names.district(fence.district) : s.everybody;
    case "operator": return fence.operator ? names.operator(fence.operator) : s.everybody;
    case "services": return fence.services.length ? services(fence.services) : s.everybody;
    case "group": return fence.group ?? words.version.nothing;
    case "source": return fence.source;
    case "accuracy_m": return s.metres(fence.accuracyM);
    case "rules.speed_limit_mps": return rules.speedLimitMps == null ? words.version.nothing : speedKmh(rules.speedLimitMps);
    case "rules.no_entry": return yesNo(rules.noEntry);
    case "rules.no_stopping": return yesNo(rules.noStopping);
    case "rules.allowed_services": return rules.allowedServices == null ? words.version.nothing : rules.allowedServices.length === 0 ? s.noService : services(rules.allowedServices);
    case "rules.capacity": return rules.capacity == null ? words.version.nothing : s.vehicles(rules.capacity);
    case "hours": return hoursOf(fence, words);
    case "timing.min_inside_s": return seconds(timing.minInsideS);
    case "timing.min_outside_s": return seconds(timing.minOutsideS);
    case "timing.dwell_s": return seconds(timing.dwellS);
    case "timing.says_outside": return yesNo(timing.saysOutside);
    case "timing.near_m": return timing.nearM == null ? s.asKind : s.metres(timing.nearM);
    default: return "";
  }
}

function areaOf(geometry: Geometry, words: Words): string {
  const outline = fromGeoJson(geometry);
  if (!outline) return "";
  const m2 = squareMetres(outline);
  const corners = outline.rings.reduce((sum, ring) => sum + ring.corners.length, 0);
  return words.said.area(m2 >= KM2 / 10 ? `${(m2 / KM2).toFixed(2)} km²` : `${Math.round(m2)} m²`, corners);
}

function hoursOf({ hours }: Fence, words: Words): string {
  if (hours == null) return words.said.always;
  const spans = (list: readonly { startMinute: number; endMinute: number; weekdays: readonly number[] }[]): string =>
    list.map((one) => `${daysOf(one.weekdays, words)} ${clockOf(one.startMinute)}–${clockOf(one.endMinute)}`).join("; ");
  const other = hours.otherDays.map((one) => `${one.day} ${one.spans.length ? one.spans.map((span) => `${clockOf(span.startMinute)}–${clockOf(span.endMinute)}`).join(", ") : words.said.closed}`);
  const valid = hours.validFrom || hours.validUntil ? [`${hours.validFrom ?? ""} … ${hours.validUntil ?? ""}`] : [];
  const zone = hours.timeZone === "Asia/Shanghai" ? [] : [hours.timeZone];
  return [spans(hours.spans), ...valid, ...other, ...zone].join("; ");
}

const daysOf = (days: readonly number[], { said }: Words): string => (days.length === 7 ? said.everyDay : said.weekly(days.map((day) => said.weekdays[day - 1]).join(" ")));
