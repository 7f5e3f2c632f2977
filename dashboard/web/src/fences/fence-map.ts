/** The map of fences: all that the list shows, the version looked at with the one before, and the drawing. */
import type { Feature, FeatureCollection, Geometry } from "geojson";
import type { GeoJSONSource, LngLat, LngLatBoundsLike, Map as MapLibreMap } from "maplibre-gl";
import type { Fence } from "../api/fences.ts";
import type { Town } from "../api/types.ts";
import { createOutlineLayer, type Handle, type OutlineLayer, type OutlineTold } from "../drawing/outline-layer.ts";
import { boundsOfCoordinates, toGeoJson, type Corner, type Outline } from "../drawing/outline.ts";
import { aim } from "../map/aim.ts";
import { createDistrictLayer, type Districts } from "../map/districts.ts";
import { createMap, webglAvailable, whenReady } from "../map/map.ts";
import { PALETTES, type Scheme } from "../map/palette.ts";
import { followStreets } from "../map/streets.ts";
import { NAME_EM, NAME_PX, roomFrom } from "./name-room.ts";

export interface FenceMapTold extends OutlineTold {
  /** Somebody clicked a place while nothing is drawn. */
  asked(at: Corner): void;
  cut(at: Corner): void;
  /** The map takes clicks from now on. */
  ready(): void;
}
export type Mode = "look" | "draw" | "cut";
export interface FenceMap {
  fences(fences: readonly Fence[], nameOf: (fence: Fence) => string): void;
  /** The version looked at and the one before it. */
  looked(fence: Fence | undefined, before: Fence | undefined): void;
  place(at: Corner | undefined): void;
  drawing(outline: Outline | undefined, off: Outline | undefined, chosen: Handle | undefined): void;
  mode(mode: Mode): void;
  /** The first end of a cut; the line follows the mouse to the second. */
  cutFrom(at: Corner | undefined): void;
  districts(districts: Districts): void;
  fit(bounds: LngLatBoundsLike): void;
  destroy(): void;
}

const NONE: FeatureCollection = { type: "FeatureCollection", features: [] };
const collection = (features: Feature[]): FeatureCollection => ({ type: "FeatureCollection", features });
const feature = (geometry: unknown, properties: Record<string, unknown> = {}): Feature => ({ type: "Feature", geometry: geometry as Geometry, properties });

export function createFenceMap(container: HTMLElement, towns: readonly Town[], scheme: Scheme, label: string, bounds: LngLatBoundsLike, told: FenceMapTold): FenceMap | undefined {
  if (!webglAvailable()) return undefined;
  const map = createMap({ container, scheme, bounds, padding: 40, label, maxZoom: 20 });
  let outline: OutlineLayer | undefined;
  let mode: Mode = "look";
  let cutFrom: Corner | undefined;
  let stop = (): void => undefined;
  let isReady = false;
  /** What is told before the style can take it, by what it is about: the last of each counts. */
  const waiting = new Map<string, () => void>();
  const whenDrawn = (what: string, draw: () => void): void => void (isReady ? draw() : waiting.set(what, draw));
  const put = (source: string, data: FeatureCollection): void => whenDrawn(source, () => void (map.getSource(source) as GeoJSONSource | undefined)?.setData(data));

  whenReady(map, () => {
    overlays(map, scheme);
    stop = followStreets(map, towns, scheme, "fences-fill");
    isReady = true;
    for (const draw of waiting.values()) draw();
    waiting.clear();
    told.ready();
  });
  const act = ({ lng, lat }: LngLat): void => {
    if (mode === "look") told.asked([lng, lat]);
    if (mode === "cut") told.cut([lng, lat]);
  };
  const follow = ({ lng, lat }: LngLat): void => {
    if (mode === "cut" && cutFrom) put("cut", collection([feature({ type: "LineString", coordinates: [[...cutFrom], [lng, lat]] })]));
  };
  aim(map, act);
  map.on("click", ({ lngLat }) => act(lngLat));
  map.on("mousemove", ({ lngLat }) => follow(lngLat));
  // By keyboard it is the map that moves.
  map.on("move", () => document.activeElement === map.getCanvas() && follow(map.getCenter()));

  return {
    fences(fences, nameOf) {
      // The larger lie below: what is drawn last is seen and clicked first.
      const sized = fences.map((fence) => ({ fence, box: boxOf(fence.geometry) })).sort((a, b) => sizeOf(b.box) - sizeOf(a.box));
      const said = sized.map(({ fence, box }) => ({ fence, box, properties: { id: fence.fenceId, kind: fence.kind, isDraft: fence.state !== "published", name: nameOf(fence), roomFrom: roomFrom(nameOf(fence), box) } }));
      put("fences", collection(said.map(({ fence, properties }) => feature(fence.geometry, properties))));
      put("names", collection(said.map(({ box: [west, , east, north], properties }) => feature({ type: "Point", coordinates: [(west + east) / 2, north] }, properties))));
    },
    looked(fence, before) {
      put("looked", collection(fence ? [feature(fence.geometry)] : []));
      put("before", collection(before ? [feature(before.geometry)] : []));
    },
    place: (at) => put("place", collection(at ? [feature({ type: "Point", coordinates: [...at] })] : [])),
    drawing(drawn, off, chosen) {
      put("off", collection(off ? [feature(toGeoJson(off))] : []));
      whenDrawn("drawing", () => {
        if (!drawn) {
          outline?.destroy();
          outline = undefined;
          return;
        }
        outline ??= createOutlineLayer(map, "outline", scheme, told);
        outline.setActive(mode === "draw");
        outline.update(drawn, chosen);
      });
    },
    mode(next) {
      mode = next;
      whenDrawn("mode", () => {
        outline?.setActive(next === "draw");
        map.getCanvas().style.cursor = next === "look" ? "" : "crosshair";
        for (const layer of ["fences-fill", "fences-line", "fences-draft"]) map.setPaintProperty(layer, layer === "fences-fill" ? "fill-opacity" : "line-opacity", opacity(layer, next !== "look"));
      });
    },
    cutFrom(at) {
      cutFrom = at;
      if (!at) put("cut", NONE);
    },
    districts: (districts) =>
      whenDrawn("districts", () => {
        createDistrictLayer(map, districts, scheme);
        const below = map.getStyle().layers.find(({ id }) => /^(grounds|roads)-/.test(id))?.id ?? "fences-fill";
        for (const id of ["graticule", "districts-glow", "districts-ground", "districts-border", "districts-alarm"]) map.moveLayer(id, below);
      }),
    fit: (to) => void map.fitBounds(to, { padding: 70, maxZoom: 18.5, animate: false }),
    destroy() {
      stop();
      map.remove();
    },
  };
}

/** Others recede while one is drawn. */
const opacity = (layer: string, isDrawing: boolean): number => (layer === "fences-fill" ? 0.14 : 1) * (isDrawing ? 0.45 : 1);

type Box = readonly [west: number, south: number, east: number, north: number];
const boxOf = (geometry: unknown): Box => boundsOfCoordinates((geometry as { coordinates: unknown }).coordinates);
const sizeOf = ([west, south, east, north]: Box): number => (east - west) * (north - south);

function overlays(map: MapLibreMap, scheme: Scheme): void {
  const p = PALETTES[scheme];
  const colours = Object.entries(p.fence).filter(([kind]) => kind !== "other");
  const byKind = ["match", ["get", "kind"], ...colours.flat(), p.fence["other"]] as never;
  const isDraft = ["get", "isDraft"] as never;
  for (const source of ["fences", "names", "before", "looked", "off", "cut", "place"]) map.addSource(source, { type: "geojson", data: NONE });
  map.addLayer({ id: "fences-fill", type: "fill", source: "fences", filter: ["!=", ["get", "kind"], "district"], paint: { "fill-color": byKind, "fill-opacity": opacity("fences-fill", false) } });
  map.addLayer({ id: "fences-line", type: "line", source: "fences", filter: ["!", isDraft], paint: { "line-color": byKind, "line-width": 1.6 } });
  map.addLayer({ id: "fences-draft", type: "line", source: "fences", filter: isDraft, paint: { "line-color": byKind, "line-width": 2, "line-dasharray": [2, 2] } });
  map.addLayer({ id: "before-line", type: "line", source: "before", paint: { "line-color": p.label, "line-width": 2.5, "line-dasharray": [3, 2] } });
  map.addLayer({ id: "looked-fill", type: "fill", source: "looked", paint: { "fill-color": p.route, "fill-opacity": 0.12 } });
  map.addLayer({ id: "looked-line", type: "line", source: "looked", paint: { "line-color": p.route, "line-width": 3 } });
  map.addLayer({ id: "off-fill", type: "fill", source: "off", paint: { "fill-color": p.fence["keep_clear"]!, "fill-opacity": 0.2 } });
  map.addLayer({ id: "off-line", type: "line", source: "off", paint: { "line-color": p.fence["keep_clear"]!, "line-width": 3 } });
  map.addLayer({ id: "cut-line", type: "line", source: "cut", paint: { "line-color": p.selection, "line-width": 2, "line-dasharray": [2, 1] } });
  map.addLayer({ id: "place-dot", type: "circle", source: "place", paint: { "circle-radius": 7, "circle-color": p.route, "circle-stroke-color": p.outline, "circle-stroke-width": 2.5 } });
  // A name has its place in a fence that is larger than it, and above one that it would cover.
  const named = { minzoom: 12.5, paint: { "text-color": byKind, "text-halo-color": p.halo, "text-halo-width": 1.4 } };
  const words = { "text-field": ["get", "name"] as never, "text-font": ["sans"], "text-size": NAME_PX, "text-max-width": NAME_EM };
  const isNoDistrict = ["!=", ["get", "kind"], "district"];
  map.addLayer({ ...named, id: "fences-name", type: "symbol", source: "fences", filter: ["all", isNoDistrict, [">=", ["zoom"], ["get", "roomFrom"]]] as never, layout: words });
  map.addLayer({ ...named, id: "fences-name-above", type: "symbol", source: "names", filter: ["all", isNoDistrict, ["<", ["zoom"], ["get", "roomFrom"]]] as never, layout: { ...words, "text-anchor": "bottom", "text-offset": [0, -0.4] } });
}
