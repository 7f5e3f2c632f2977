/**
 * Far views of a large city: H3 cells with their count and worst alarm, as the server counted them.
 *
 * One source of hexagons and their labels. How grave the worst alarm is stands in the colour, in the edge (none thin,
 * warning dashed, major and critical thick) and in the label, so that no colour has to be told from another. h3-js,
 * which knows the corners of a cell, is loaded with the first cell: a city of few vehicles never needs it.
 */
import type { Feature, Point, Polygon } from "geojson";
import type { GeoJSONSource, Map as MapLibreMap, MapMouseEvent } from "maplibre-gl";
import { Popup } from "maplibre-gl";
import { WORST, type Cell, type CellStore, type Worst } from "../live/cells.ts";
import { CellTurns, type Seen } from "./cell-turns.ts";
import { PALETTES, type Scheme } from "./palette.ts";

export interface CellWords {
  /** A count as a label has room for it. */
  count(n: number): string;
  /** What stands under the count; empty without an alarm that needs somebody. */
  worst(worst: Worst): string;
  /** The lines of a cell that is pointed at. */
  lines(cell: Cell): string[];
}

export interface CellLayer {
  /** Cells drawn now. */
  readonly count: number;
  /** Where the labels are, degrees. */
  places(): [lng: number, lat: number][];
  /** Draws again, for words of another language. */
  redraw(): void;
  destroy(): void;
}

const ID = "cells";
const ZOOM_IN = 1.5;
const GRAVE = WORST.indexOf("major");
const WARNING = WORST.indexOf("warning");

type H3 = typeof import("h3-js");
type Feat = Feature<Polygon | Point, Record<string, string | number>>;

export function createCellLayer(
  map: MapLibreMap,
  store: CellStore,
  words: CellWords,
  options: { scheme: Scheme; beforeId?: string; interactive: boolean; onOther?: () => void },
): CellLayer {
  let h3: H3 | undefined;
  let isGone = false;
  let drawn = 0;
  const turns = new CellTurns();
  let later: ReturnType<typeof setTimeout> | undefined;
  const shapes = new Map<string, { ring: [number, number][]; centre: [number, number] }>();
  const popup = new Popup({ closeButton: false, closeOnClick: false, className: "cell-popup" });
  addLayers(map, options.scheme, options.beforeId);
  const source = () => map.getSource(ID) as GeoJSONSource | undefined;

  function shape(key: string, cell: Cell, library: H3) {
    let found = shapes.get(key);
    if (!found) {
      const index = [cell.low, cell.high];
      const [lat, lng] = library.cellToLatLng(index);
      const ring = library.cellToBoundary(index, true) as [number, number][];
      shapes.set(key, (found = { ring, centre: [lng, lat] }));
    }
    return found;
  }

  function seen(): Seen[] {
    let most = 1;
    for (const cell of store.cells.values()) most = Math.max(most, cell.count);
    return [...store.cells].map(([key, cell]) => ({
      key,
      worst: WORST.indexOf(cell.worst),
      weight: Math.log(1 + cell.count) / Math.log(1 + most),
      count: words.count(cell.count),
      label: words.worst(cell.worst),
    }));
  }

  function draw(): void {
    const library = h3;
    if (!library || isGone) return;
    const cells = seen();
    const waitMs = turns.wait(cells, performance.now());
    clearTimeout(later);
    if (waitMs === undefined) return;
    if (waitMs > 0) {
      later = setTimeout(draw, waitMs);
      return;
    }
    const features = cells.flatMap(({ key, worst, weight, count, label }): Feat[] => {
      const { ring, centre } = shape(key, store.cells.get(key)!, library);
      return [
        { type: "Feature", geometry: { type: "Polygon", coordinates: [ring] }, properties: { key, worst, weight } },
        { type: "Feature", geometry: { type: "Point", coordinates: centre }, properties: { count, label } },
      ];
    });
    const isOther = drawn !== cells.length;
    drawn = cells.length;
    if (isOther) options.onOther?.();
    source()?.setData({ type: "FeatureCollection", features });
    turns.drawn(cells, performance.now());
  }

  async function take(): Promise<void> {
    if (store.cells.size > 0) h3 ??= await import("h3-js");
    draw();
    if (store.cells.size === 0) popup.remove();
  }

  function point(event: MapMouseEvent): void {
    const key = keyAt(map, event);
    const cell = key === undefined ? undefined : store.cells.get(key);
    map.getCanvas().style.cursor = cell ? "zoom-in" : "";
    if (!cell || !h3) {
      popup.remove();
      return;
    }
    const list = document.createElement("ul");
    for (const line of words.lines(cell)) list.append(Object.assign(document.createElement("li"), { textContent: line }));
    popup.setLngLat(shape(key!, cell, h3).centre).setDOMContent(list).addTo(map);
  }

  function zoomIn(event: MapMouseEvent): void {
    const key = keyAt(map, event);
    const found = key === undefined ? undefined : shapes.get(key);
    if (found) map.easeTo({ center: found.centre, zoom: map.getZoom() + ZOOM_IN }, { originalEvent: event.originalEvent });
  }

  if (options.interactive) {
    map.on("mousemove", point);
    map.on("click", zoomIn);
  }
  const unsubscribe = store.subscribe(() => void take());
  void take();

  return {
    get count() {
      return drawn;
    },
    places() {
      const found = [...store.cells.keys()].map((key) => shapes.get(key)?.centre);
      return found.filter((place) => place !== undefined);
    },
    redraw: draw,
    destroy() {
      isGone = true;
      clearTimeout(later);
      unsubscribe();
      popup.remove();
      map.off("mousemove", point);
      map.off("click", zoomIn);
      for (const id of LAYERS) if (map.getLayer(id)) map.removeLayer(id);
      if (map.getSource(ID)) map.removeSource(ID);
    },
  };
}

const LAYERS = ["cells-label", "cells-grave", "cells-warning", "cells-edge", "cells-fill"] as const;

function keyAt(map: MapLibreMap, event: MapMouseEvent): string | undefined {
  const key: unknown = map.queryRenderedFeatures(event.point, { layers: ["cells-fill"] })[0]?.properties["key"];
  return typeof key === "string" ? key : undefined;
}

function addLayers(map: MapLibreMap, scheme: Scheme, beforeId: string | undefined): void {
  const p = PALETTES[scheme];
  const [calm, warning, grave] = [p.border, p.fence["slow_zone"]!, p.conditions[4]];
  // No tiles closer than this (to 4 m): each label of each tile is drawn by itself, and a screen has few tiles then.
  map.addSource(ID, { type: "geojson", maxzoom: 10, data: { type: "FeatureCollection", features: [] } });
  const edge = (id: string, filter: unknown[], color: string, width: number, dash?: number[]) =>
    map.addLayer(
      {
        id,
        type: "line",
        source: ID,
        filter: ["all", ["==", ["geometry-type"], "Polygon"], filter] as never,
        paint: { "line-color": color, "line-width": width, ...(dash ? { "line-dasharray": dash } : {}) },
      },
      beforeId,
    );
  map.addLayer(
    {
      id: "cells-fill",
      type: "fill",
      source: ID,
      filter: ["==", ["geometry-type"], "Polygon"],
      paint: {
        "fill-color": ["case", [">=", ["get", "worst"], GRAVE], grave, ["==", ["get", "worst"], WARNING], warning, calm],
        "fill-opacity": ["interpolate", ["linear"], ["get", "weight"], 0, 0.12, 1, 0.5],
      },
    },
    beforeId,
  );
  edge("cells-edge", ["<", ["get", "worst"], WARNING], calm, 0.8);
  edge("cells-warning", ["==", ["get", "worst"], WARNING], warning, 1.8, [2, 1.4]);
  edge("cells-grave", [">=", ["get", "worst"], GRAVE], grave, 2.6);
  map.addLayer(
    {
      id: "cells-label",
      type: "symbol",
      source: ID,
      filter: ["==", ["geometry-type"], "Point"],
      layout: {
        "text-field": ["format", ["get", "count"], {}, ["get", "label"], { "font-scale": 0.78 }],
        "text-font": ["sans"],
        "text-size": 15,
        "text-line-height": 1.05,
        // Every cell has room for its own label; without this each second's new counts would be placed anew, unseen.
        // No sort key: with one each label would be two draw calls of its own.
        "text-allow-overlap": true,
        "text-ignore-placement": true,
      },
      paint: { "text-color": scheme === "dark" ? "#ffffff" : p.selection, "text-halo-color": p.halo, "text-halo-width": 1.6 },
    },
    beforeId,
  );
}
