/** What the patrol page asks: beats, runs with their evidence, a look at a place. */
import { ask } from "./http.ts";
import type { components } from "./schema.d.ts";

type Schemas = components["schemas"];
export type Beat = Schemas["BeatView"];
export type BeatDraft = Schemas["BeatBody"];
export type Run = Schemas["RunView"];
export type RunSheet = Schemas["RunSheet"];
export type Evidence = Schemas["EvidenceView"];

const id = encodeURIComponent;

export const beats = async (): Promise<Beat[]> => [...(await ask<Schemas["BeatList"]>("/api/patrol/beats")).items];
export const makeBeat = (draft: BeatDraft, idempotencyKey: string): Promise<Beat> =>
  ask("/api/patrol/beats", { method: "POST", body: draft, idempotencyKey });
export const changeBeat = (beat: Beat, draft: BeatDraft): Promise<Beat> =>
  ask(`/api/patrol/beats/${id(beat.beatId)}`, { method: "PUT", body: { ...draft, version: beat.version } });
/** The nearest point on a road, and how far it is from there. */
export const nearestRoad = (lat: number, lng: number): Promise<Schemas["RoadPoint"]> =>
  ask(`/api/patrol/road-points?${new URLSearchParams({ lat: String(lat), lng: String(lng) }).toString()}`);
export const retireBeat = (beat: Beat): Promise<Beat> =>
  ask(`/api/patrol/beats/${id(beat.beatId)}/retirements`, { method: "POST", body: { version: beat.version } });
export const startRun = (beat: Beat, idempotencyKey: string): Promise<RunSheet> =>
  ask(`/api/patrol/beats/${id(beat.beatId)}/runs`, { method: "POST", body: {}, idempotencyKey });
export const runs = (cursor?: string): Promise<Schemas["RunPage"]> =>
  ask(`/api/patrol/runs?${new URLSearchParams({ limit: "50", ...(cursor ? { cursor } : {}) }).toString()}`);
export const run = (runId: string): Promise<RunSheet> => ask(`/api/patrol/runs/${id(runId)}`);
export const callOff = (runId: string, idempotencyKey: string): Promise<RunSheet> =>
  ask(`/api/patrol/runs/${id(runId)}/cancellations`, { method: "POST", body: {}, idempotencyKey });
export const goAndLook = (wish: Schemas["LookBody"], idempotencyKey: string): Promise<RunSheet> =>
  ask("/api/patrol/looks", { method: "POST", body: wish, idempotencyKey });
export const acceptDoubtful = (runId: string, checkpointId: string, reason: string, idempotencyKey: string): Promise<RunSheet> =>
  ask(`/api/patrol/runs/${id(runId)}/acceptances`, { method: "POST", body: { checkpointId, reason }, idempotencyKey });
