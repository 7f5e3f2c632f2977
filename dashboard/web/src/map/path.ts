/** One line on the map with optional stops: the trail of the selected vehicle, or the way it has ahead. */
import type { Feature, FeatureCollection } from "geojson";
import type { GeoJSONSource, Map as MapLibreMap } from "maplibre-gl";
import { PALETTES, type Scheme } from "./palette.ts";

export type PathPoint = readonly [lng: number, lat: number];

export interface PathLayer {
  update(line: readonly PathPoint[], stops?: readonly { at: PathPoint; kind: string; done: boolean }[]): void;
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
  map.addSource(id, { type: "geojson", lineMetrics: true, data: empty() });
  const color = kind === "trail" ? p.trail : p.route;
  map.addLayer(
    {
      id: `${id}-case`,
      type: "line",
      source: id,
      filter: ["==", ["geometry-type"], "LineString"],
      layout: { "line-cap": "round", "line-join": "round" },
      paint: { "line-color": p.outline, "line-width": kind === "trail" ? 6 : 8, "line-opacity": kind === "trail" ? 0 : 0.9 },
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
          ? { "line-width": 4, "line-gradient": ["interpolate", ["linear"], ["line-progress"], 0, "rgba(80,150,255,0)", 1, color] }
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
    update(line, stops = []) {
      const features: Feature[] = stops.map((stop) => ({
        type: "Feature",
        properties: { kind: stop.kind, done: stop.done },
        geometry: { type: "Point", coordinates: [...stop.at] },
      }));
      if (line.length > 1) {
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
