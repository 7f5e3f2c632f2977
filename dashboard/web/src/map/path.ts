/** Lines of the selected vehicle: its trail as dots behind it, its way ahead as a line with stops. */
import type { Feature, FeatureCollection } from "geojson";
import type { GeoJSONSource, Map as MapLibreMap } from "maplibre-gl";
import { PALETTES, type Scheme } from "./palette.ts";

export type PathPoint = readonly [lng: number, lat: number];

export interface PathLayer {
  /** `lines` with fewer than two points are left out. */
  update(lines: readonly (readonly PathPoint[])[], stops?: readonly { at: PathPoint; kind: string; done: boolean }[]): void;
  setVisible(visible: boolean): void;
}

export function createPathLayer(
  map: MapLibreMap,
  id: string,
  scheme: Scheme,
  kind: "trail" | "route",
  beforeId?: string,
): PathLayer {
  const p = PALETTES[scheme];
  map.addSource(id, { type: "geojson", data: empty() });
  const color = kind === "trail" ? p.trail : p.route;
  map.addLayer(
    {
      id: `${id}-case`,
      type: "line",
      source: id,
      filter: ["==", ["geometry-type"], "LineString"],
      layout: { "line-cap": "round", "line-join": "round" },
      paint: { "line-color": p.outline, "line-width": kind === "trail" ? 7 : 8, "line-opacity": kind === "trail" ? 0.75 : 0.9 },
    },
    beforeId,
  );
  map.addLayer(
    {
      id: `${id}-line`,
      type: "line",
      source: id,
      filter: ["==", ["geometry-type"], "LineString"],
      layout: { "line-cap": "round", "line-join": "round" },
      paint:
        kind === "trail"
          ? { "line-width": 4, "line-color": color, "line-dasharray": [0, 1.9] }
          : { "line-width": 5, "line-color": color },
    },
    beforeId,
  );
  map.addLayer(
    {
      id: `${id}-stops`,
      type: "circle",
      source: id,
      filter: ["==", ["geometry-type"], "Point"],
      paint: {
        "circle-radius": 6,
        "circle-color": ["case", ["get", "done"], color, p.outline],
        "circle-stroke-color": color,
        "circle-stroke-width": 3,
      },
    },
    beforeId,
  );
  return {
    update(lines, stops = []) {
      const features: Feature[] = stops.map((stop) => ({
        type: "Feature",
        properties: { kind: stop.kind, done: stop.done },
        geometry: { type: "Point", coordinates: [...stop.at] },
      }));
      for (const line of lines) {
        if (line.length < 2) continue;
        features.push({ type: "Feature", properties: {}, geometry: { type: "LineString", coordinates: line.map((at) => [...at]) } });
      }
      (map.getSource(id) as GeoJSONSource | undefined)?.setData({ type: "FeatureCollection", features });
    },
    setVisible(visible) {
      for (const part of ["case", "line", "stops"]) {
        map.setLayoutProperty(`${id}-${part}`, "visibility", visible ? "visible" : "none");
      }
    },
  };
}

const empty = (): FeatureCollection => ({ type: "FeatureCollection", features: [] });

/** Farther than this from its way a vehicle is not on it, and the whole way is shown. */
const ON_THE_WAY_M = 120;
const METRES_PER_DEGREE = 111_195;

/** What is left of `line` from the place nearest to `at`; the whole line when `at` is not on it. Pure. */
export function ahead(line: readonly PathPoint[], at: PathPoint | undefined): readonly PathPoint[] {
  if (at === undefined || line.length < 2) return line;
  const squeeze = Math.cos((at[1] * Math.PI) / 180);
  let best = { metres: ON_THE_WAY_M, from: -1, place: at };
  for (let i = 0; i + 1 < line.length; i++) {
    const [a, b] = [line[i]!, line[i + 1]!];
    const [dx, dy] = [(b[0] - a[0]) * squeeze, b[1] - a[1]];
    const [px, py] = [(at[0] - a[0]) * squeeze, at[1] - a[1]];
    const along = Math.min(1, Math.max(0, (px * dx + py * dy) / (dx * dx + dy * dy || 1)));
    const metres = Math.hypot(px - along * dx, py - along * dy) * METRES_PER_DEGREE;
    if (metres >= best.metres) continue;
    best = { metres, from: i, place: [a[0] + along * (b[0] - a[0]), a[1] + along * (b[1] - a[1])] };
  }
  return best.from < 0 ? line : [best.place, ...line.slice(best.from + 1)];
}

/** Decodes an encoded polyline with six decimals into (lng, lat) degrees; "" gives an empty line. */
export function decodePolyline6(text: string): [number, number][] {
  const line: [number, number][] = [];
  let at = 0;
  let lat = 0;
  let lng = 0;
  const next = (): number => {
    let result = 0;
    let shift = 0;
    let byte: number;
    do {
      byte = text.charCodeAt(at++) - 63;
      result |= (byte & 0x1f) << shift;
      shift += 5;
    } while (byte >= 0x20 && at < text.length);
    return result & 1 ? ~(result >> 1) : result >> 1;
  };
  while (at < text.length) {
    lat += next();
    lng += next();
    line.push([lng / 1e6, lat / 1e6]);
  }
  return line;
}
