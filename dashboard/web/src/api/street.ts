import { ask } from "./http.ts";
import type { components } from "./schema.d.ts";

type Schemas = components["schemas"];
export type Code = Schemas["dashboard_schemas_codes_CodeView"];
export type Said = Schemas["FeedbackStatus"];
export type Kind = Schemas["FeedbackKind"];

export const scan = (code: string): Promise<Code> => ask(`/api/codes/${encodeURIComponent(code)}`);
export const say = (code: string, kind: Kind, words: string, requestId: string): Promise<Said> =>
  ask("/api/street/feedback", { method: "POST", body: { code, kind, words, requestId } });
export const openSaid = (token: string): Promise<Said> =>
  ask("/api/street/feedback/open", { method: "POST", body: { token } });
export type Police = Schemas["PoliceView"];
export const usePoliceCode = (vehicleCode: string, code: string, requestId: string): Promise<Police> =>
  ask("/api/street/police", { method: "POST", body: { vehicleCode, code, requestId } });
export const openPolice = (token: string): Promise<Police> => ask("/api/street/police/open", { method: "POST", body: { token } });
