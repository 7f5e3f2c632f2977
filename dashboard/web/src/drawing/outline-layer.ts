/**
 * An outline that is drawn on the map by hand: a click adds a corner, a handle is dragged, the small one between
 * two corners makes another. By keyboard Enter adds one in the middle of the map and Backspace takes the last away.
 * What came of it is told; the layer shows what it is given.
 */
import type { Feature, FeatureCollection } from "geojson";
import type { GeoJSONSource, LngLat, Map as MapLibreMap, MapMouseEvent, MapTouchEvent, PointLike } from "maplibre-gl";
import { aim } from "../map/aim.ts";
import { insert, move, remove, toGeoJson, type Corner, type Outline } from "./outline.ts";
import type { Scheme } from "../map/palette.ts";

export interface Handle {
  ring: number;
  index: number;
}
export interface OutlineTold {
  added(at: Corner): void;
  changed(outline: Outline): void;
  chosen(handle: Handle): void;
  /** Where a corner goes that is put at a place, given how many degrees of longitude are near; undefined: there. */
  snap?(at: Corner, reach: number): Corner | undefined;
}
export interface OutlineLayer {
  update(outline: Outline, chosen: Handle | undefined): void;
  /** Clicks and handles do nothing while it is off; what is drawn stays to be seen. */
  setActive(active: boolean): void;
  destroy(): void;
}
interface Grip extends Handle {
  isMiddle: boolean;
}

const NONE: FeatureCollection = { type: "FeatureCollection", features: [] };
const COLOURS = {
  light: { line: "#8a6412", hole: "#5b6b78", grip: "#ffffff", chosen: "#1a6fe0" },
  dark: { line: "#e2c987", hole: "#9fb0bd", grip: "#10161b", chosen: "#6cacff" },
};
/** So near a handle in px a finger or a mouse takes it. */
const NEAR_PX = 10;
/** So near what is there already in px a corner takes hold of it. */
const SNAP_PX = 12;

export function createOutlineLayer(map: MapLibreMap, id: string, scheme: Scheme, told: OutlineTold): OutlineLayer {
  const c = COLOURS[scheme];
  let shown: Outline | undefined;
  let picked: Handle | undefined;
  let isActive = true;
  let held: { grip: Grip; from: Outline; to: Outline } | undefined;
  /** Where the next corner would take hold. */
  let hold: Corner | undefined;
  map.addSource(id, { type: "geojson", data: NONE });
  const isHole = ["==", ["get", "isHole"], true] as never;
  map.addLayer({ id: `${id}-fill`, type: "fill", source: id, filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": c.line, "fill-opacity": 0.14 } });
  map.addLayer({ id: `${id}-line`, type: "line", source: id, filter: ["==", ["geometry-type"], "LineString"], paint: { "line-color": ["case", isHole, c.hole, c.line], "line-width": ["case", ["get", "isCurrent"], 3, 2] } });
  map.addLayer({
    id: `${id}-grips`,
    type: "circle",
    source: id,
    filter: ["all", ["==", ["geometry-type"], "Point"], ["!", ["has", "isHold"]]],
    paint: {
      "circle-radius": ["case", ["get", "isMiddle"], 4, ["get", "isChosen"], 9, 7],
      "circle-color": ["case", ["get", "isChosen"], c.chosen, c.grip],
      "circle-stroke-color": ["case", isHole, c.hole, c.line],
      "circle-stroke-width": ["case", ["get", "isMiddle"], 1.5, 2.5],
      "circle-opacity": ["case", ["get", "isMiddle"], 0.7, 1],
    },
  });
  map.addLayer({ id: `${id}-hold`, type: "circle", source: id, filter: ["has", "isHold"], paint: { "circle-radius": 11, "circle-opacity": 0, "circle-stroke-color": c.chosen, "circle-stroke-width": 2.5 } });

  const draw = (outline: Outline): void => void (map.getSource(id) as GeoJSONSource | undefined)?.setData(features(outline, picked, isActive, hold));

  function gripAt(at: { x: number; y: number }): Grip | undefined {
    const box: [PointLike, PointLike] = [[at.x - NEAR_PX, at.y - NEAR_PX], [at.x + NEAR_PX, at.y + NEAR_PX]];
    const near = map.queryRenderedFeatures(box, { layers: [`${id}-grips`] }).map((one) => one.properties as Grip);
    const grip = near.find((one) => !one.isMiddle) ?? near[0];
    return grip && { ring: grip.ring, index: grip.index, isMiddle: grip.isMiddle };
  }
  function snapped(event: { lngLat: LngLat; point: { x: number; y: number } }): { at: Corner; isHeld: boolean } {
    const { lng, lat } = event.lngLat;
    const reach = Math.abs(map.unproject([event.point.x + SNAP_PX, event.point.y]).lng - lng);
    const found = told.snap?.([lng, lat], reach);
    return { at: found ?? [lng, lat], isHeld: found !== undefined };
  }
  function down(event: MapMouseEvent | MapTouchEvent): void {
    const grip = isActive && shown ? gripAt(event.point) : undefined;
    if (!grip || !shown || ("touches" in event.originalEvent && event.originalEvent.touches.length > 1)) return;
    event.preventDefault();
    held = { grip, from: shown, to: shown };
  }
  function drag(event: MapMouseEvent | MapTouchEvent): void {
    if (!isActive) return;
    // The button was let go beside the map.
    if (held && "buttons" in event.originalEvent && event.originalEvent.buttons === 0) up();
    const before = hold;
    const { at, isHeld } = snapped(event);
    hold = isHeld ? at : undefined;
    if (!held) {
      const onGrip = gripAt(event.point) !== undefined;
      if (onGrip) hold = undefined;
      map.getCanvas().style.cursor = onGrip ? "move" : "crosshair";
      if (shown && (hold ?? before)) draw(shown);
      return;
    }
    const { ring, index, isMiddle } = held.grip;
    held.to = isMiddle ? insert(held.from, ring, index, at) : move(held.from, ring, index, at);
    draw(held.to);
  }
  function up(): void {
    const done = held;
    held = undefined;
    hold = undefined;
    if (!done) return;
    if (done.to !== done.from) told.changed(done.to);
    else if (!done.grip.isMiddle) told.chosen({ ring: done.grip.ring, index: done.grip.index });
  }
  const click = (event: MapMouseEvent): void => {
    if (isActive && !gripAt(event.point)) told.added(snapped(event).at);
  };
  const unaim = aim(
    map,
    (middle) => {
      if (isActive) told.added(snapped({ lngLat: middle, point: map.project(middle) }).at);
    },
    () => {
      const last = (shown?.rings[shown.at]?.corners.length ?? 0) - 1;
      if (isActive && shown && last >= 0) told.changed(remove(shown, shown.at, last));
    },
  );
  map.on("mousedown", down);
  map.on("touchstart", down);
  map.on("mousemove", drag);
  map.on("touchmove", drag);
  map.on("mouseup", up);
  map.on("touchend", up);
  map.on("click", click);

  return {
    update(outline, chosen) {
      shown = outline;
      picked = chosen;
      if (!held) draw(outline);
    },
    setActive(active) {
      isActive = active;
      hold = undefined;
      if (!active) map.getCanvas().style.cursor = "";
      if (shown) draw(shown);
    },
    destroy() {
      unaim();
      map.off("mousedown", down);
      map.off("touchstart", down);
      map.off("mousemove", drag);
      map.off("touchmove", drag);
      map.off("mouseup", up);
      map.off("touchend", up);
      map.off("click", click);
      for (const part of ["hold", "grips", "line", "fill"]) map.removeLayer(`${id}-${part}`);
      map.removeSource(id);
    },
  };
}

function features(outline: Outline, chosen: Handle | undefined, isActive: boolean, hold: Corner | undefined): FeatureCollection {
  const found: Feature[] = [];
  const area = toGeoJson(outline);
  if (area) found.push({ type: "Feature", geometry: area, properties: {} });
  outline.rings.forEach(({ isHole, corners }, ring) => {
    const isClosed = corners.length >= 3;
    const line = isClosed ? [...corners, corners[0]!] : corners;
    const isCurrent = ring === outline.at;
    if (line.length >= 2) found.push({ type: "Feature", geometry: { type: "LineString", coordinates: line.map((at) => [...at]) }, properties: { isHole, isCurrent } });
    if (!isActive) return;
    corners.forEach((corner, index) => {
      const isChosen = chosen?.ring === ring && chosen.index === index;
      found.push(grip(corner, { ring, index, isMiddle: false, isHole, isChosen }));
      const next = corners[index + 1] ?? (isClosed ? corners[0] : undefined);
      if (next) found.push(grip([(corner[0] + next[0]) / 2, (corner[1] + next[1]) / 2], { ring, index: index + 1, isMiddle: true, isHole, isChosen: false }));
    });
  });
  if (hold) found.push({ type: "Feature", geometry: { type: "Point", coordinates: [...hold] }, properties: { isHold: true, isMiddle: false, isHole: false, isChosen: false } });
  return { type: "FeatureCollection", features: found };
}

const grip = (at: Corner, properties: Grip & { isHole: boolean; isChosen: boolean }): Feature => ({
  type: "Feature",
  geometry: { type: "Point", coordinates: [...at] },
  properties: { ...properties },
});
