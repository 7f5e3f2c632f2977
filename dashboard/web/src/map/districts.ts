/** The 旗区: ground, borders, one graticule line a degree, and a red ground where an alarm is open. */
import type { FeatureCollection, Polygon, MultiPolygon } from "geojson";
import type { GeoJSONSource, Map as MapLibreMap } from "maplibre-gl";
import { PALETTES, type Scheme } from "./palette.ts";

export interface DistrictProperties {
  code: string;
  nameZh: string;
  nameEn: string;
}

export type Districts = FeatureCollection<Polygon | MultiPolygon, DistrictProperties>;

export interface DistrictLayer {
  update(alarmed: ReadonlySet<string>): void;
  select(code: string | undefined): void;
}

export function createDistrictLayer(map: MapLibreMap, districts: Districts, scheme: Scheme): DistrictLayer {
  const p = PALETTES[scheme];
  map.addSource("graticule", { type: "geojson", data: graticule() });
  map.addLayer({ id: "graticule", type: "line", source: "graticule", paint: { "line-color": p.grid, "line-width": 1 } });
  map.addSource("districts", { type: "geojson", data: keyed(districts), promoteId: "code" });
  map.addLayer({
    id: "districts-glow",
    type: "line",
    source: "districts",
    maxzoom: 11,
    paint: { "line-color": p.borderGlow, "line-width": 14, "line-blur": 12, "line-opacity": scheme === "dark" ? 0.8 : 0.5 },
  });
  map.addLayer({
    id: "districts-ground",
    type: "fill",
    source: "districts",
    paint: {
      "fill-color": ["case", ["boolean", ["feature-state", "alarmed"], false], p.cityAlarm, p.city],
      "fill-antialias": false,
    },
  });
  map.addLayer({
    id: "districts-border",
    type: "line",
    source: "districts",
    layout: { "line-join": "round" },
    paint: {
      "line-color": ["case", ["boolean", ["feature-state", "selected"], false], p.border, p.innerBorder],
      "line-width": ["interpolate", ["linear"], ["zoom"], 6, 1, 10, 1.6, 14, 2.4],
      "line-dasharray": ["step", ["zoom"], ["literal", [1, 0]], 11, ["literal", [4, 3]]],
    },
  });
  map.addLayer({
    id: "districts-alarm",
    type: "line",
    source: "districts",
    layout: { "line-join": "round" },
    paint: {
      "line-color": p.conditions[4],
      "line-width": ["interpolate", ["linear"], ["zoom"], 6, 1.2, 12, 2.4],
      "line-opacity": ["case", ["boolean", ["feature-state", "alarmed"], false], scheme === "dark" ? 0.38 : 0.4, 0],
    },
  });
  let marked = new Set<string>();
  let selected: string | undefined;
  return {
    update(alarmed) {
      for (const code of marked) if (!alarmed.has(code)) map.setFeatureState({ source: "districts", id: code }, { alarmed: false });
      for (const code of alarmed) if (!marked.has(code)) map.setFeatureState({ source: "districts", id: code }, { alarmed: true });
      marked = new Set(alarmed);
    },
    select(code) {
      if (selected) map.setFeatureState({ source: "districts", id: selected }, { selected: false });
      if (code) map.setFeatureState({ source: "districts", id: code }, { selected: true });
      selected = code;
    },
  };
}

/** Replaces the polygons, for a city whose file has changed. */
export function setDistricts(map: MapLibreMap, districts: Districts): void {
  (map.getSource("districts") as GeoJSONSource | undefined)?.setData(keyed(districts));
}

function keyed(districts: Districts): Districts {
  return { ...districts, features: districts.features.map((f) => ({ ...f, id: f.properties.code })) };
}

function graticule(): FeatureCollection {
  const line = (coordinates: [number, number][]) => ({
    type: "Feature" as const,
    properties: {},
    geometry: { type: "LineString" as const, coordinates },
  });
  const features = [];
  for (let lng = 100; lng <= 118; lng++) features.push(line([[lng, 34], [lng, 45]]));
  for (let lat = 34; lat <= 45; lat++) features.push(line([[100, lat], [118, lat]]));
  return { type: "FeatureCollection", features };
}

/** West, south, east, north of some districts; the whole set when no code is given. */
export function boundsOf(districts: Districts, code?: string): [number, number, number, number] {
  const box: [number, number, number, number] = [180, 90, -180, -90];
  for (const feature of districts.features) {
    if (code !== undefined && feature.properties.code !== code) continue;
    const polygons = feature.geometry.type === "Polygon" ? [feature.geometry.coordinates] : feature.geometry.coordinates;
    for (const [ring] of polygons) {
      for (const [lng, lat] of ring ?? []) {
        box[0] = Math.min(box[0], lng!);
        box[1] = Math.min(box[1], lat!);
        box[2] = Math.max(box[2], lng!);
        box[3] = Math.max(box[3], lat!);
      }
    }
  }
  return box;
}

/** A point well inside a district for its badge: the centroid of its largest ring. */
export function badgePlace(feature: Districts["features"][number]): [number, number] {
  const polygons = feature.geometry.type === "Polygon" ? [feature.geometry.coordinates] : feature.geometry.coordinates;
  let best: [number, number] = [0, 0];
  let bestArea = -1;
  for (const [ring] of polygons) {
    if (!ring) continue;
    let area = 0;
    let x = 0;
    let y = 0;
    for (let i = 0; i + 1 < ring.length; i++) {
      const [x0, y0] = ring[i] as [number, number];
      const [x1, y1] = ring[i + 1] as [number, number];
      const cross = x0 * y1 - x1 * y0;
      area += cross;
      x += (x0 + x1) * cross;
      y += (y0 + y1) * cross;
    }
    if (Math.abs(area) > bestArea && area !== 0) {
      bestArea = Math.abs(area);
      best = [x / (3 * area), y / (3 * area)];
    }
  }
  return best;
}
