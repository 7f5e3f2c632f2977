import { ask } from "./http.ts";
import type { components } from "./schema.d.ts";

export type CrewJob = components["schemas"]["CrewJob"];
export type JobDone = components["schemas"]["JobDone"];
export interface Here {
  lat: number;
  lng: number;
}

/** One's own jobs and the open ones, as they should be taken; the place is kept nowhere. */
export const jobs = (here?: Here): Promise<CrewJob[]> =>
  ask(`/api/crew/jobs${here ? `?lat=${here.lat}&lng=${here.lng}` : ""}`);

export type Step = "take" | "start" | "arrive" | "done" | "cannot" | "hand-back";
export const step = (id: string, word: Step, key: string, body?: unknown): Promise<CrewJob> =>
  ask(`/api/crew/jobs/${encodeURIComponent(id)}/${word}`, { method: "POST", body, idempotencyKey: key });
