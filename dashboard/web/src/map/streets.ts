/** Streets and grounds of the towns in view, each loaded when it first comes into view. */
import type { Map as MapLibreMap } from "maplibre-gl";
import { grounds as askGrounds, roads as askRoads } from "../api/public.ts";
import type { Town } from "../api/types.ts";
import { untilLoaded } from "../live/again.ts";
import { createGroundLayer } from "./grounds.ts";
import type { Scheme } from "./palette.ts";
import { createRoadLayer } from "./roads.ts";

const FROM_ZOOM = 9.5;

/** Shows them under the layer `before` from now on; the answer ends it when the map goes. */
export function followStreets(map: MapLibreMap, towns: readonly Town[], scheme: Scheme, before: string | undefined): () => void {
  const loaded = new Set<string>();
  let isGone = false;
  // Grounds of a second town lie under the streets of the first.
  const firstRoad = (): string | undefined => map.getStyle().layers.find((layer) => layer.id.startsWith("roads-"))?.id ?? before;

  function look(): void {
    if (map.getZoom() < FROM_ZOOM) return;
    const view = map.getBounds();
    for (const { code, bbox: [west, south, east, north] } of towns) {
      const isSeen = east >= view.getWest() && west <= view.getEast() && north >= view.getSouth() && south <= view.getNorth();
      if (isSeen && !loaded.has(code)) load(code);
    }
  }
  function load(code: string): void {
    loaded.add(code);
    void untilLoaded(async () => {
      const [lines, grounds] = await Promise.all([askRoads(code), askGrounds(code).catch(() => undefined)]);
      if (isGone) return;
      if (grounds) createGroundLayer(map, code, grounds, scheme, firstRoad(), { labels: true });
      createRoadLayer(map, code, lines, scheme, before, { labels: true });
    }, () => !isGone);
  }
  map.on("moveend", look);
  look();
  return () => {
    isGone = true;
  };
}
