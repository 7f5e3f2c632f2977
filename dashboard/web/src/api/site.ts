import { ask } from "./http.ts";
import type { components } from "./schema.d.ts";

type Schemas = components["schemas"];
export type WeatherDesk = Schemas["WeatherDesk"];
export type DistrictWeather = Schemas["DistrictWeather"];
export type WeatherValues = Schemas["WeatherValues"];
export type Limits = Schemas["LimitsView"];
export type LimitsValues = Schemas["LimitsValues"];
export type LimitsPreview = Schemas["LimitsPreviewView"];
export type Charger = Schemas["ChargerView"];

const one = (id: string): string => encodeURIComponent(id);
export const weather = (): Promise<WeatherDesk> => ask("/api/weather");
export const sayWeather = (body: Schemas["FactBody"]): Promise<DistrictWeather> => ask("/api/weather/facts", { method: "PUT", body });
export const tryOutLimits = (service: string, operator: string | null, limits: LimitsValues): Promise<LimitsPreview> =>
  ask(`/api/weather/limits/${one(service)}/previews`, { method: "POST", body: { operator, limits } });
export const setLimits = (service: string, body: Schemas["LimitsBody"]): Promise<Limits> =>
  ask(`/api/weather/limits/${one(service)}`, { method: "PUT", body });
export const chargers = async (): Promise<Charger[]> => (await ask<Schemas["ChargerList"]>("/api/chargers")).items;
export const switchCharger = (id: string, isOpen: boolean, reason: string): Promise<Charger> =>
  ask(`/api/chargers/${one(id)}/switch`, { method: "POST", body: { isOpen, reason } });
