/**
 * Makes a map: MapLibre without glyph, sprite or tile server, its worker under Vite, and no basemap but ours.
 *
 * MapLibre 6 stays blank under Vite unless it is told where its worker is; Chinese labels are drawn from local
 * fonts, so the style names no glyphs.
 */
import { Map as MapLibreMap, setWorkerUrl, type LngLatBoundsLike, type StyleSpecification } from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import "maplibre-gl/dist/maplibre-gl.css";
import { PALETTES, type Scheme } from "./palette.ts";

setWorkerUrl(workerUrl);

const FONTS = '"HarmonyOS Sans SC","MiSans","PingFang SC","Noto Sans CJK SC","Noto Sans SC","Microsoft YaHei",sans-serif';

export interface MapOptions {
  container: HTMLElement;
  scheme: Scheme;
  bounds: LngLatBoundsLike;
  padding?: number | { top: number; right: number; bottom: number; left: number };
  interactive?: boolean;
  label: string;
  /** How long a label takes to appear; none where labels count and change every second. */
  fadeMs?: number;
  minZoom?: number;
  maxZoom?: number;
}

export function webglAvailable(): boolean {
  try {
    return document.createElement("canvas").getContext("webgl2") !== null;
  } catch {
    return false;
  }
}

export function createMap(options: MapOptions): MapLibreMap {
  const map = new MapLibreMap({
    container: options.container,
    style: blank(options.scheme),
    bounds: options.bounds,
    fitBoundsOptions: { padding: options.padding ?? 24 },
    interactive: options.interactive ?? true,
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    maxPitch: 0,
    minZoom: options.minZoom ?? 5,
    maxZoom: options.maxZoom ?? 19,
    fadeDuration: options.fadeMs ?? 120,
    localIdeographFontFamily: FONTS,
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  const canvas = map.getCanvas();
  canvas.setAttribute("aria-label", options.label);
  return map;
}

function blank(scheme: Scheme): StyleSpecification {
  return {
    version: 8,
    sources: {},
    layers: [{ id: "ground", type: "background", paint: { "background-color": PALETTES[scheme].ground } }],
  };
}

/** Calls `then` once the style can take layers: before the first frame is drawn, which the layers then share. */
export function whenReady(map: MapLibreMap, then: () => void): void {
  if (map.isStyleLoaded()) then();
  else map.once("style.load", then);
}
