/** Areas whose vehicles are stopped: filled and hatched by their border, a drill in another colour and dashed. */
import type { Feature, Geometry } from "geojson";
import type { GeoJSONSource, Map as MapLibreMap } from "maplibre-gl";
import type { Scheme } from "./palette.ts";

export interface StoppedArea {
  readonly geometry: unknown;
  readonly isDrill: boolean;
}
export interface AreaLayer {
  update(areas: readonly StoppedArea[]): void;
}

const COLOURS = { light: { stop: "#c62828", drill: "#8a6412" }, dark: { stop: "#ff6b6b", drill: "#e2c987" } };

export function createAreaLayer(map: MapLibreMap, scheme: Scheme, before: string | undefined): AreaLayer {
  const c = COLOURS[scheme];
  const colour = ["case", ["get", "isDrill"], c.drill, c.stop] as never;
  map.addSource("areas", { type: "geojson", data: { type: "FeatureCollection", features: [] } });
  map.addLayer({ id: "areas-fill", type: "fill", source: "areas", paint: { "fill-color": colour, "fill-opacity": 0.12 } }, before);
  map.addLayer({ id: "areas-line", type: "line", source: "areas", filter: ["!", ["get", "isDrill"]] as never, paint: { "line-color": colour, "line-width": 3 } }, before);
  map.addLayer({ id: "areas-drill", type: "line", source: "areas", filter: ["get", "isDrill"] as never, paint: { "line-color": colour, "line-width": 3, "line-dasharray": [2, 2] } }, before);
  return {
    update(areas) {
      const features = areas.map(({ geometry, isDrill }): Feature => ({ type: "Feature", geometry: geometry as Geometry, properties: { isDrill } }));
      (map.getSource("areas") as GeoJSONSource | undefined)?.setData({ type: "FeatureCollection", features });
    },
  };
}
