/** What lies between the streets of a town: water, compounds, parks, depots; drawn under the streets. */
import type { FeatureCollection, MultiPolygon, Polygon } from "geojson";
import type { ExpressionSpecification, Map as MapLibreMap } from "maplibre-gl";
import { PALETTES, type Scheme } from "./palette.ts";
import { followLanguage, named } from "./roads.ts";

export type Grounds = FeatureCollection<Polygon | MultiPolygon, { kind: string; name: string; nameEn: string }>;

export function createGroundLayer(
  map: MapLibreMap,
  town: string,
  grounds: Grounds,
  scheme: Scheme,
  beforeId: string | undefined,
  options: { labels: boolean },
): void {
  const p = PALETTES[scheme].grounds;
  const source = `grounds-${town}`;
  const color: ExpressionSpecification = ["match", ["get", "kind"], "water", p.water, "park", p.park, "depot", p.depot, p.compound];
  map.addSource(source, { type: "geojson", data: grounds, tolerance: 0.3 });
  map.addLayer(
    {
      id: `${source}-fill`,
      type: "fill",
      source,
      minzoom: 10,
      paint: { "fill-color": color, "fill-opacity": ["interpolate", ["linear"], ["zoom"], 10, 0, 12, 1] },
    },
    beforeId,
  );
  if (!options.labels) return;
  map.addLayer(
    {
      id: `${source}-name`,
      type: "symbol",
      source,
      minzoom: 14,
      filter: ["!=", ["get", "name"], ""],
      layout: { "text-field": named(), "text-font": ["sans"], "text-size": 11.5, "text-max-width": 8 },
      paint: { "text-color": p.label, "text-halo-color": PALETTES[scheme].halo, "text-halo-width": 1.2 },
    },
    beforeId,
  );
  followLanguage(map, `${source}-name`);
}
