/** The map on which a zone is drawn: roads, the outline under the hand or the chosen streets, and the preview. */
import type { FeatureCollection } from "geojson";
import type { LngLatBoundsLike, Map as MapLibreMap, PointLike } from "maplibre-gl";
import type { Gaps, Passes } from "../api/sweeping.ts";
import { createGroundLayer, type Grounds } from "../map/grounds.ts";
import { createMap, webglAvailable, whenReady } from "../map/map.ts";
import { createOutlineLayer, type Handle, type OutlineLayer, type OutlineTold } from "../drawing/outline-layer.ts";
import type { Outline } from "../drawing/outline.ts";
import type { Scheme } from "../map/palette.ts";
import { createRoadLayer, type Roads } from "../map/roads.ts";
import { COLOURS, NOTHING, put } from "./sweeping-map.ts";

export type DrawMode = "ground" | "streets";
export interface DrawTold extends OutlineTold {
  street(id: string): void;
}
export interface DrawMap {
  outline(outline: Outline, chosen: Handle | undefined): void;
  streets(lines: FeatureCollection): void;
  preview(passes: Passes | undefined, gaps: Gaps | undefined): void;
  roads(town: string, roads: Roads, grounds: Grounds | undefined): void;
  setMode(mode: DrawMode): void;
  fit(bounds: LngLatBoundsLike): void;
  destroy(): void;
}

const NEAR_PX = 8;

export function createDrawMap(container: HTMLElement, scheme: Scheme, label: string, bounds: LngLatBoundsLike, told: DrawTold): DrawMap | undefined {
  if (!webglAvailable()) return undefined;
  const map = createMap({ container, scheme, bounds, padding: 40, label, maxZoom: 20 });
  let layer: OutlineLayer | undefined;
  let mode: DrawMode = "ground";
  /** What is told before the style can take it, by what it is about: the last of each counts. */
  const waiting = new Map<string, () => void>();
  const whenDrawn = (what: string, draw: () => void): void => void (layer ? draw() : waiting.set(what, draw));

  whenReady(map, () => {
    overlays(map, scheme);
    layer = createOutlineLayer(map, "outline", scheme, told);
    for (const draw of waiting.values()) draw();
    waiting.clear();
  });
  map.on("click", ({ point: { x, y } }) => {
    if (mode !== "streets" || !layer) return;
    const box: [PointLike, PointLike] = [[x - NEAR_PX, y - NEAR_PX], [x + NEAR_PX, y + NEAR_PX]];
    const id: unknown = map.queryRenderedFeatures(box, { layers: ["streets-all", "streets-chosen"] })[0]?.properties["id"];
    if (typeof id === "string") told.street(id);
  });

  return {
    outline: (outline, chosen) => whenDrawn("outline", () => layer?.update(outline, chosen)),
    streets: (lines) => whenDrawn("streets", () => put(map, "streets", lines)),
    preview: (passes, gaps) =>
      whenDrawn("preview", () => {
        put(map, "plan-passes", passes ?? NOTHING);
        put(map, "plan-gaps", gaps ?? NOTHING);
      }),
    roads: (town, roads, grounds) =>
      whenDrawn(`roads ${town}`, () => {
        if (map.getSource(`roads-${town}`)) return;
        if (grounds) createGroundLayer(map, town, grounds, scheme, "streets-all", { labels: true });
        createRoadLayer(map, town, roads, scheme, "streets-all", { labels: true });
      }),
    setMode: (next) =>
      whenDrawn("mode", () => {
        mode = next;
        layer?.setActive(mode === "ground");
        map.setLayoutProperty("streets-all", "visibility", mode === "streets" ? "visible" : "none");
        map.getCanvas().style.cursor = mode === "streets" ? "pointer" : "crosshair";
      }),
    fit: (to) => void map.fitBounds(to, { padding: 60, maxZoom: 18, animate: false }),
    destroy: () => map.remove(),
  };
}

function overlays(map: MapLibreMap, scheme: Scheme): void {
  const c = COLOURS[scheme];
  for (const source of ["streets", "plan-passes", "plan-gaps"]) map.addSource(source, { type: "geojson", data: NOTHING });
  const isChosen = ["get", "isChosen"] as never;
  map.addLayer({ id: "streets-all", type: "line", source: "streets", filter: ["!", isChosen] as never, paint: { "line-color": c.move, "line-width": 6, "line-opacity": 0.35 } });
  map.addLayer({ id: "streets-chosen", type: "line", source: "streets", filter: isChosen, layout: { "line-cap": "round" }, paint: { "line-color": c.outline, "line-width": ["case", ["get", "isSwept"], 6, 3] } });
  map.addLayer({ id: "plan-gaps", type: "fill", source: "plan-gaps", paint: { "fill-color": c.gap, "fill-opacity": 0.5 } });
  const isMove = ["==", ["get", "kind"], "move"] as never;
  map.addLayer({ id: "plan-moves", type: "line", source: "plan-passes", filter: isMove, paint: { "line-color": c.move, "line-width": 1, "line-dasharray": [3, 2] } });
  map.addLayer({ id: "plan-sweeps", type: "line", source: "plan-passes", filter: ["!", isMove] as never, paint: { "line-color": c.sweep, "line-width": 1.4 } });
}
