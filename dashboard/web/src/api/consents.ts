/** What a resident agrees to, purpose by purpose; the city keeps every word of it until she leaves. */
import { ask } from "./http.ts";
import type { components } from "./schema.d.ts";

export type OwnConsent = components["schemas"]["OwnConsent"];
export type Purpose = OwnConsent["purpose"];

export const consents = (): Promise<OwnConsent[]> => ask("/api/resident/consents");
export const sayConsent = (purpose: Purpose, isGiven: boolean): Promise<OwnConsent[]> => ask("/api/resident/consents", { method: "PUT", body: { purpose, isGiven } });
