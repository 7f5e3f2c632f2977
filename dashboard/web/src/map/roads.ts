/** The streets of a town, styled by class; loaded when the town comes into view, each town one source. */
import type { FeatureCollection, LineString } from "geojson";
import type { ExpressionSpecification, Map as MapLibreMap } from "maplibre-gl";
import { onLanguage, pick } from "../i18n/locale.svelte.ts";
import { PALETTES, ROAD_CLASSES, type Scheme } from "./palette.ts";

export type Roads = FeatureCollection<LineString, { class: string; name?: string | null; oneWay?: boolean; nameEn?: string | null }>;

export interface RoadLayer {
  setVisible(visible: boolean): void;
}

/** Road widths in px at zooms 11, 14, 17 by class, from the widest. */
const WIDTHS: Record<string, [number, number, number]> = {
  primary: [2, 5.5, 22],
  secondary: [1.4, 4.2, 17],
  tertiary: [1, 3, 13],
  residential: [0.5, 2, 9],
  service: [0.3, 1.2, 5],
};

function width(extra: number): ExpressionSpecification {
  const byClass = (i: number): ExpressionSpecification => [
    "match",
    ["get", "class"],
    ...ROAD_CLASSES.flatMap((name) => [name, WIDTHS[name]![i]! + extra]),
    1 + extra,
  ] as unknown as ExpressionSpecification;
  return ["interpolate", ["exponential", 1.5], ["zoom"], 11, byClass(0), 14, byClass(1), 17, byClass(2)];
}

export function createRoadLayer(
  map: MapLibreMap,
  town: string,
  roads: Roads,
  scheme: Scheme,
  beforeId: string | undefined,
  options: { labels: boolean },
): RoadLayer {
  const p = PALETTES[scheme];
  const source = `roads-${town}`;
  map.addSource(source, { type: "geojson", data: sorted(roads), tolerance: 0.2 });
  const ids = [`${source}-case`, `${source}-line`];
  map.addLayer(
    {
      id: ids[0]!,
      type: "line",
      source,
      minzoom: 10.5,
      layout: { "line-cap": "round", "line-join": "round" },
      paint: {
        "line-color": p.casing,
        "line-width": width(1.6),
        "line-opacity": ["interpolate", ["linear"], ["zoom"], 10.5, 0, 12, 1],
      },
    },
    beforeId,
  );
  map.addLayer(
    {
      id: ids[1]!,
      type: "line",
      source,
      minzoom: 9,
      layout: { "line-cap": "round", "line-join": "round" },
      paint: {
        "line-color": ["match", ["get", "class"], ...ROAD_CLASSES.flatMap((c) => [c, p.road[c]]), p.road.residential] as unknown as ExpressionSpecification,
        "line-width": width(0),
        "line-opacity": ["interpolate", ["linear"], ["zoom"], 9, 0, 10.5, 1],
      },
    },
    beforeId,
  );
  if (options.labels) {
    ids.push(`${source}-name`);
    map.addLayer(
      {
        id: ids[2]!,
        type: "symbol",
        source,
        minzoom: 13.5,
        filter: ["all", ["has", "name"], ["in", ["get", "class"], ["literal", ["primary", "secondary", "tertiary"]]]],
        layout: {
          "symbol-placement": "line",
          "symbol-spacing": 420,
          "text-field": named(),
          "text-font": ["sans"],
          "text-size": ["interpolate", ["linear"], ["zoom"], 13.5, 10.5, 17, 13],
          "text-letter-spacing": 0.08,
        },
        paint: { "text-color": p.label, "text-halo-color": p.halo, "text-halo-width": 1.4 },
      },
      beforeId,
    );
    followLanguage(map, ids[2]!);
  }
  return {
    setVisible(visible) {
      for (const id of ids) map.setLayoutProperty(id, "visibility", visible ? "visible" : "none");
    },
  };
}

/** The name in the language of the page; in Chinese where there is no other. */
export const named = (): ExpressionSpecification => ["coalesce", ["get", pick("name", "nameEn")], ["get", "name"]];

/** Keeps the names of a layer in the language of the page until the map goes. */
export function followLanguage(map: Pick<MapLibreMap, "getLayer" | "setLayoutProperty" | "once">, layer: string): void {
  const stop = onLanguage(() => {
    if (map.getLayer(layer)) map.setLayoutProperty(layer, "text-field", named());
  });
  map.once("remove", stop);
}

/** Small streets first, so that a wide one is drawn over their ends. */
function sorted(roads: Roads): Roads {
  const rank = new Map<string, number>(ROAD_CLASSES.map((name, i) => [name, -i]));
  const features = [...roads.features].sort(
    (a, b) => (rank.get(a.properties.class) ?? -9) - (rank.get(b.properties.class) ?? -9),
  );
  return { ...roads, features };
}
