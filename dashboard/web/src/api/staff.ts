import { ask } from "./http.ts";
import type { TrailPoint } from "../live/trail.ts";
import type { Alarm, AlarmPerson, CitySummary, Command, LiveChoices, Me, OrderBrief, OrderDetail, TrailView, VehicleBrief, VehicleDetail } from "./types.ts";

interface Page<T> {
  items: T[];
  nextCursor?: string | null;
}

export const logIn = (username: string, password: string, totp: string): Promise<void> =>
  ask("/api/staff/login", { method: "POST", body: { username, password, totp } });
export const logOut = (): Promise<void> => ask("/api/staff/logout", { method: "POST" });
export const me = (): Promise<Me> => ask("/api/me");

async function everything<T>(path: string): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null | undefined;
  do {
    const query: string = cursor ? `${path.includes("?") ? "&" : "?"}cursor=${encodeURIComponent(cursor)}` : "";
    const page: Page<T> | T[] = await ask(path + query);
    if (Array.isArray(page)) return page;
    items.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor);
  return items;
}

export const vehicles = (): Promise<VehicleBrief[]> => everything("/api/vehicles?limit=500");
export const vehicle = (no: number): Promise<VehicleDetail> => ask(`/api/vehicles/${no}`);
/** Where a vehicle was in the last ten minutes of city time, oldest first. */
export const trail = async (no: number): Promise<TrailPoint[]> =>
  (await ask<TrailView>(`/api/vehicles/${no}/trail`)).points.map(({ lat, lng, speedMps, measuredAtMs }) => ({ lat, lng, speedMps, atMs: measuredAtMs }));
export const alarms = (): Promise<Alarm[]> => everything("/api/alarms?state=open&limit=500");
export const acknowledge = (id: string, comment: string): Promise<Alarm> =>
  ask(`/api/alarms/${encodeURIComponent(id)}/acknowledge`, { method: "POST", body: { comment } });
export const assignAlarm = (id: string, assignee: string | null): Promise<Alarm> =>
  ask(`/api/alarms/${encodeURIComponent(id)}/assign`, { method: "POST", body: { assignee } });
export const answerAlarm = (id: string, answer: string, comment: string): Promise<Alarm> =>
  ask(`/api/alarms/${encodeURIComponent(id)}/answers`, { method: "POST", body: { answer, comment } });
/** Who may be given an alarm. */
export const alarmPeople = async (id: string): Promise<AlarmPerson[]> =>
  (await ask<Page<AlarmPerson>>(`/api/alarms/${encodeURIComponent(id)}/people`)).items;
export const summary = (): Promise<CitySummary> => ask("/api/city/summary");
/** What the live view may be narrowed by. */
export const liveChoices = (): Promise<LiveChoices> => ask("/api/live/choices");
export const orders = (): Promise<OrderBrief[]> => everything("/api/orders?limit=200");
export const order = (id: string): Promise<OrderDetail> => ask(`/api/orders/${encodeURIComponent(id)}`);
/** The newest commands of a vehicle, newest first. */
export const commands = async (no: number): Promise<Command[]> =>
  (await ask<Page<Command>>(`/api/vehicles/${no}/commands?limit=20`)).items;
export const command = (
  no: number,
  kind: string,
  reason: string,
  params: Record<string, unknown>,
  idempotencyKey: string,
): Promise<Command> =>
  ask(`/api/vehicles/${no}/commands`, { method: "POST", body: { kind, reason, params }, idempotencyKey });
