import { ask } from "./http.ts";
import type { components } from "./schema.d.ts";

type Schemas = components["schemas"];
export type Feedback = Schemas["FeedbackView"];

const one = (id: string): string => encodeURIComponent(id);
export const feedback = async (state: "open" | "all"): Promise<Feedback[]> =>
  (await ask<Schemas["FeedbackPage"]>(`/api/feedback?state=${state}&limit=200`)).items;
export const lookInto = (id: string): Promise<Feedback> => ask(`/api/feedback/${one(id)}/look`, { method: "POST" });
export const answer = (id: string, body: Schemas["AnswerFeedback"]): Promise<Feedback> =>
  ask(`/api/feedback/${one(id)}/answer`, { method: "POST", body });
