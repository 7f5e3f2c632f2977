/** What the form of a fence holds, and what is sent of it. Pure. */
import type { MultiPolygon, Polygon } from "geojson";
import type { Fence, NewFence } from "../api/fences.ts";

export interface Span {
  from: string;
  until: string;
  weekdays: number[];
}
export interface OtherDay {
  day: string;
  spans: Span[];
}
/** Texts as they stand in the fields; an empty number says nothing. */
export interface FenceForm {
  fenceId: string;
  kind: Fence["kind"];
  nameZh: string;
  nameEn: string;
  district: string;
  operator: string;
  services: string[];
  speedKmh: number | null;
  /** What stood there in m/s: sent again unless somebody typed another speed. */
  speedMps: number | null;
  noEntry: boolean;
  noStopping: boolean;
  limitsServices: boolean;
  allowedServices: string[];
  capacity: number | null;
  isAlways: boolean;
  spans: Span[];
  timeZone: string;
  validFrom: string;
  validUntil: string;
  otherDays: OtherDay[];
  group: string;
  minInsideS: number | null;
  minOutsideS: number | null;
  dwellS: number | null;
  saysOutside: boolean | null;
  nearM: number | null;
  source: string;
  accuracyM: number;
}

const KMH = 3.6;
const DAY_MIN = 1440;
export const EVERY_DAY: readonly number[] = [1, 2, 3, 4, 5, 6, 7];
export const whole = (): Span => ({ from: "00:00", until: "00:00", weekdays: [...EVERY_DAY] });

export const clockOf = (minute: number): string => `${String(Math.floor(minute / 60) % 24).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;

function minuteOf(clock: string): number {
  const [hours = 0, minutes = 0] = clock.split(":").map(Number);
  return hours * 60 + minutes;
}

type SpanView = { startMinute: number; endMinute: number; weekdays: readonly number[] };
const spanOf = (span: SpanView): Span => ({ from: clockOf(span.startMinute), until: clockOf(span.endMinute), weekdays: [...span.weekdays] });
/** Midnight as an end is the one that comes: 24:00. */
const bodyOfSpan = (span: Span): { startMinute: number; endMinute: number; weekdays: (1 | 2 | 3 | 4 | 5 | 6 | 7)[] } => ({
  startMinute: minuteOf(span.from),
  endMinute: minuteOf(span.until) || DAY_MIN,
  weekdays: span.weekdays as (1 | 2 | 3 | 4 | 5 | 6 | 7)[],
});

export function emptyForm(of: { fenceId: string; district: string; operator: string; source: string }): FenceForm {
  return {
    ...of,
    kind: "slow_zone",
    nameZh: "",
    nameEn: "",
    services: [],
    speedKmh: null,
    speedMps: null,
    noEntry: false,
    noStopping: false,
    limitsServices: false,
    allowedServices: [],
    capacity: null,
    isAlways: true,
    spans: [whole()],
    timeZone: "Asia/Shanghai",
    validFrom: "",
    validUntil: "",
    otherDays: [],
    group: "",
    minInsideS: null,
    minOutsideS: null,
    dwellS: null,
    saysOutside: null,
    nearM: null,
    accuracyM: 0,
  };
}

export function formOf(fence: Fence): FenceForm {
  const { rules, hours, timing } = fence;
  return {
    fenceId: fence.fenceId,
    kind: fence.kind,
    nameZh: fence.nameZh,
    nameEn: fence.nameEn,
    district: fence.district ?? "",
    operator: fence.operator ?? "",
    services: [...fence.services],
    speedKmh: rules.speedLimitMps == null ? null : tidy(rules.speedLimitMps * KMH),
    speedMps: rules.speedLimitMps ?? null,
    noEntry: rules.noEntry,
    noStopping: rules.noStopping,
    limitsServices: rules.allowedServices != null,
    allowedServices: [...(rules.allowedServices ?? [])],
    capacity: rules.capacity ?? null,
    isAlways: hours == null,
    spans: hours?.spans.map(spanOf) ?? [whole()],
    timeZone: hours?.timeZone ?? "Asia/Shanghai",
    validFrom: hours?.validFrom ?? "",
    validUntil: hours?.validUntil ?? "",
    otherDays: hours?.otherDays.map((one) => ({ day: one.day, spans: one.spans.map(spanOf) })) ?? [],
    group: fence.group ?? "",
    minInsideS: timing.minInsideS ?? null,
    minOutsideS: timing.minOutsideS ?? null,
    dwellS: timing.dwellS ?? null,
    saysOutside: timing.saysOutside ?? null,
    nearM: timing.nearM ?? null,
    source: fence.source,
    accuracyM: fence.accuracyM,
  };
}

function speedOf({ speedKmh, speedMps }: FenceForm): number | null {
  if (speedKmh === null) return null;
  return speedMps !== null && tidy(speedMps * KMH) === speedKmh ? speedMps : speedKmh / KMH;
}

/** A speed comes back as it was typed, not as 9.99999 km/h. */
const tidy = (value: number): number => Math.round(value * 1000) / 1000;

export function bodyOf(form: FenceForm, geometry: Polygon | MultiPolygon): NewFence {
  return {
    fenceId: form.fenceId.trim(),
    kind: form.kind,
    nameZh: form.nameZh.trim(),
    nameEn: form.nameEn.trim() || form.nameZh.trim(),
    district: form.district || null,
    operator: form.operator.trim() || null,
    services: form.services as NewFence["services"],
    geometry: { ...geometry },
    group: form.group.trim() || null,
    source: form.source.trim(),
    accuracyM: form.accuracyM,
    rules: {
      speedLimitMps: speedOf(form),
      noEntry: form.noEntry,
      noStopping: form.noStopping,
      allowedServices: form.limitsServices ? (form.allowedServices as NewFence["services"]) : null,
      capacity: form.capacity,
    },
    hours: form.isAlways
      ? null
      : {
          spans: form.spans.map(bodyOfSpan),
          timeZone: form.timeZone,
          ...(form.validFrom ? { validFrom: form.validFrom } : {}),
          ...(form.validUntil ? { validUntil: form.validUntil } : {}),
          otherDays: form.otherDays.filter((one) => one.day !== "").map((one) => ({ day: one.day, spans: one.spans.map(bodyOfSpan) })),
        },
    timing: { minInsideS: form.minInsideS, minOutsideS: form.minOutsideS, dwellS: form.dwellS, saysOutside: form.saysOutside, nearM: form.nearM },
  };
}

/** The same as one feature of a collection, as it is imported and exported; `afterVersion` only where it must follow one. */
export function featureOf(form: FenceForm, geometry: Polygon | MultiPolygon, afterVersion?: number): { type: "Feature"; geometry: Polygon | MultiPolygon; properties: Record<string, unknown> } {
  const { geometry: _, ...properties } = bodyOf(form, geometry);
  return { type: "Feature", geometry, properties: afterVersion === undefined ? properties : { ...properties, afterVersion } };
}
