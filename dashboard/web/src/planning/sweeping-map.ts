/** One zone on a map: its outline, the passes of its plan, and the cells of a run; loaded after the list. */
import type { FeatureCollection } from "geojson";
import type { GeoJSONSource, LngLatBoundsLike, Map as MapLibreMap } from "maplibre-gl";
import { roads as askRoads } from "../api/public.ts";
import type { Cells, Passes, SweepingZone } from "../api/sweeping.ts";
import { createMap, webglAvailable, whenReady } from "../map/map.ts";
import { boundsOfCoordinates } from "../drawing/outline.ts";
import type { Scheme } from "../map/palette.ts";
import { createRoadLayer } from "../map/roads.ts";

export interface ZoneMap {
  show(zone: SweepingZone, passes: Passes | undefined, cells: Cells | undefined): void;
  destroy(): void;
}

export const NOTHING: FeatureCollection = { type: "FeatureCollection", features: [] };
export const COLOURS = {
  light: { outline: "#8a6412", sweep: "#1a6fe0", move: "#66778a", swept: "#12875a", missed: "#c81e30", gap: "#b45309" },
  dark: { outline: "#e2c987", sweep: "#6cacff", move: "#8a9daa", swept: "#3fbf8a", missed: "#ff7a85", gap: "#f5a524" },
};

export function createZoneMap(container: HTMLElement, scheme: Scheme, label: string, first: SweepingZone): ZoneMap | undefined {
  if (!webglAvailable()) return undefined;
  const map = createMap({ container, scheme, bounds: boundsOf(first), padding: 40, label, maxZoom: 20 });
  const towns = new Set<string>();
  let shown: [SweepingZone, Passes | undefined, Cells | undefined] | undefined;
  let fitted = first.zoneId;
  let isReady = false;
  whenReady(map, () => {
    isReady = true;
    layers(map, scheme);
    if (shown) draw(...shown);
  });

  function draw(zone: SweepingZone, passes: Passes | undefined, cells: Cells | undefined): void {
    const outline = { type: "Feature" as const, geometry: zone.geometry as unknown as GeoJSON.Geometry, properties: {} };
    put(map, "zone", { type: "FeatureCollection", features: [outline] });
    put(map, "cells", cells ?? NOTHING);
    put(map, "passes", passes ?? NOTHING);
    if (fitted !== zone.zoneId) map.fitBounds(boundsOf(zone), { padding: 40, animate: false });
    fitted = zone.zoneId;
    if (towns.has(zone.district)) return;
    towns.add(zone.district);
    void askRoads(zone.district)
      .then((found) => createRoadLayer(map, zone.district, found, scheme, "zone-fill", { labels: true }))
      .catch(() => towns.delete(zone.district));
  }

  return {
    show(...what) {
      shown = what;
      if (isReady) draw(...what);
    },
    destroy: () => map.remove(),
  };
}

function layers(map: MapLibreMap, scheme: Scheme): void {
  const c = COLOURS[scheme];
  for (const source of ["zone", "cells", "passes"]) map.addSource(source, { type: "geojson", data: NOTHING });
  map.addLayer({ id: "zone-fill", type: "fill", source: "zone", filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": c.outline, "fill-opacity": 0.12 } });
  const colour = ["case", ["get", "isMissed"], c.missed, c.swept] as never;
  const isToDo = ["get", "isToDo"] as never;
  map.addLayer({ id: "cells", type: "fill", source: "cells", filter: ["!", isToDo] as never, paint: { "fill-color": colour, "fill-opacity": 0.4, "fill-outline-color": colour } });
  map.addLayer({ id: "cells-to-do", type: "line", source: "cells", filter: isToDo, paint: { "line-color": c.move, "line-width": 1, "line-dasharray": [2, 2] } });
  map.addLayer({ id: "zone-line", type: "line", source: "zone", paint: { "line-color": c.outline, "line-width": 2 } });
  const isMove = ["==", ["get", "kind"], "move"] as never;
  map.addLayer({ id: "moves", type: "line", source: "passes", filter: isMove, paint: { "line-color": c.move, "line-width": 1, "line-dasharray": [3, 2] } });
  map.addLayer({ id: "sweeps", type: "line", source: "passes", filter: ["!", isMove] as never, paint: { "line-color": c.sweep, "line-width": 1.4 } });
}

export function put(map: MapLibreMap, source: string, data: FeatureCollection): void {
  (map.getSource(source) as GeoJSONSource | undefined)?.setData(data);
}

const boundsOf = (zone: SweepingZone): LngLatBoundsLike => boundsOfCoordinates((zone.geometry as { coordinates: unknown }).coordinates);
