/** What the planning page asks: schedules, their occurrences, and what dispatch is told by people. */
import { ask } from "./http.ts";
import type { components } from "./schema.d.ts";

type Schemas = components["schemas"];
export type Schedule = Schemas["ScheduleView"];
export type Draft = Schemas["NewSchedule"];
export type Occurrence = Schemas["OccurrenceView"];
export type Calendar = Schemas["CalendarView"];
export type Preview = Schemas["SchedulePreviewView"];
export type Subjects = Schemas["SubjectList"];
export type Zone = Schemas["ZoneDetail"];
export type Weights = Schemas["WeightsBody"];
export type Replay = Schemas["DecisionReplay"];
export type Plan = Schemas["DispatchPlan"];
export type PlanView = Schemas["PlanView"];

const id = encodeURIComponent;
const post = <T>(path: string, body: unknown, idempotencyKey?: string): Promise<T> =>
  ask(path, { method: "POST", body, ...(idempotencyKey ? { idempotencyKey } : {}) });

export const schedules = (): Promise<Schemas["ScheduleList"]> => ask("/api/schedules");
export const subjects = (): Promise<Subjects> => ask("/api/schedules/subjects");
export const preview = (schedule: string): Promise<Preview> => ask(`/api/schedules/${id(schedule)}/preview`);
export const tryOut = (draft: Draft, scheduleId: string | undefined): Promise<Preview> =>
  post("/api/schedules/previews", { ...draft, scheduleId: scheduleId ?? null });
export const makeSchedule = (draft: Draft, key: string): Promise<Schedule> => post("/api/schedules", draft, key);
export const changeSchedule = (one: Schedule, draft: Draft): Promise<Schedule> =>
  ask(`/api/schedules/${id(one.scheduleId)}`, { method: "PUT", body: { ...draft, version: one.version } });
/** Halts a schedule, lets it go on, or ends it. */
export const haltSchedule = (one: Schedule, step: "pauses" | "resumptions" | "endings", reason: string): Promise<Schedule> =>
  post(`/api/schedules/${id(one.scheduleId)}/${step}`, { version: one.version, reason });
export const exceptSlot = (one: Schedule, slotAt: string, reason: string, moveTo: string | null, isRestored = false): Promise<Schedule> =>
  post(`/api/schedules/${id(one.scheduleId)}/exceptions`, { version: one.version, slotAt, moveTo, isRestored, reason });
export const excuse = (one: Occurrence, reason: string): Promise<Occurrence> =>
  post(`/api/occurrences/${id(one.occurrenceId ?? "")}/excuses`, { version: one.version, reason });
/** A week from a moment, else from the city's midnight. */
export const week = (from: string | undefined): Promise<Calendar> => {
  if (!from) return ask("/api/occurrences");
  const to = new Date(new Date(from).getTime() + 7 * 86_400_000).toISOString();
  return ask(`/api/occurrences?${new URLSearchParams({ from, to }).toString()}`);
};

export const zones = (): Promise<Schemas["ZoneList"]> => ask("/api/dispatch/zones");
export const zone = (district: string): Promise<Zone> => ask(`/api/dispatch/zones/${id(district)}`);
export const freezeZone = (district: string, version: number, isFrozen: boolean, reason: string): Promise<Schemas["FreezeView"]> =>
  post(`/api/dispatch/zones/${id(district)}/freezes`, { version, isFrozen, reason });
export const setWeights = (district: string, version: number, weights: Weights, reason: string): Promise<Schemas["WeightsVersionView"]> =>
  post(`/api/dispatch/zones/${id(district)}/weights`, { version, reason, weights });
export const setWaits = (district: string, version: number, firstS: number | null, secondS: number, reason: string): Promise<Schemas["PickupWaitsView"]> =>
  post(`/api/dispatch/zones/${id(district)}/waits`, { version, firstS, secondS, reason });
export const decisions = (district: string): Promise<Schemas["DecisionLines"]> => ask(`/api/dispatch/zones/${id(district)}/decisions`);
export const replayDecision = (decision: string, weights: Weights): Promise<Replay> => post(`/api/dispatch/decisions/${id(decision)}/replays`, { weights });
export const waitingOrders = (district: string): Promise<Schemas["OrderPage"]> => ask(`/api/orders?state=accepted&limit=50&district=${id(district)}`);
export const previewPlan = (district: string, plan: Plan): Promise<PlanView> => post(`/api/dispatch/zones/${id(district)}/plans`, plan);
/** Gives what is still true of a previewed plan. */
export const commitPlan = (district: string, plan: Schemas["CommitPlan"], key: string): Promise<PlanView> =>
  post(`/api/dispatch/zones/${id(district)}/plan-commits`, plan, key);
