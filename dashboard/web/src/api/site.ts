import { ask } from "./http.ts";
import type { components } from "./schema.d.ts";

type Schemas = components["schemas"];
export type WeatherDesk = Schemas["WeatherDesk"];
export type DistrictWeather = Schemas["DistrictWeather"];
export type WeatherValues = Schemas["WeatherValues"];
export type Charger = Schemas["ChargerView"];

const one = (id: string): string => encodeURIComponent(id);
export const weather = (): Promise<WeatherDesk> => ask("/api/weather");
export const sayWeather = (body: Schemas["FactBody"]): Promise<DistrictWeather> => ask("/api/weather/facts", { method: "PUT", body });
export const chargers = async (): Promise<Charger[]> => (await ask<Schemas["ChargerList"]>("/api/chargers")).items;
export const switchCharger = (id: string, isOpen: boolean, reason: string): Promise<Charger> =>
  ask(`/api/chargers/${one(id)}/switch`, { method: "POST", body: { isOpen, reason } });
