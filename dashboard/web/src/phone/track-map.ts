/** The resident's map: her own vehicle, the way it has left, the pickup point; loaded after the page is useful. */
import { Marker, type Map as MapLibreMap } from "maplibre-gl";
import { grounds as askGrounds, roads as askRoads } from "../api/public.ts";
import type { Config, ResidentOrder } from "../api/types.ts";
import { untilLoaded } from "../live/again.ts";
import type { TrackingWords } from "../i18n/tracking.zh.ts";
import { createGroundLayer } from "../map/grounds.ts";
import { createMap, webglAvailable, whenReady } from "../map/map.ts";
import { createPathLayer, decodePolyline6, type PathLayer } from "../map/path.ts";
import { createRoadLayer } from "../map/roads.ts";

export interface TrackView {
  update(order: ResidentOrder): void;
  destroy(): void;
}

const GLIDE_MS = 1000;

export function createTrackView(
  container: HTMLElement,
  first: ResidentOrder,
  config: Config | undefined,
  words: TrackingWords,
): TrackView | undefined {
  if (!webglAvailable()) return undefined;
  const map = createMap({
    container,
    scheme: "light",
    bounds: boundsFor(first),
    padding: 56,
    label: words.mapLabel,
    maxZoom: 17,
  });
  map.scrollZoom.disable();
  const home = pin("home", words.home);
  const door = new Marker({ element: home, anchor: "bottom" }).setLngLat([first.pickup.lng, first.pickup.lat]).addTo(map);
  // A vehicle that waits stands on its pickup point: the pin goes above it, so that both are seen.
  const lift = (state: string): void => void door.setOffset([0, state === "arrived" ? -24 : 0]);
  lift(first.state);
  const car = pin("car", "");
  car.innerHTML = CAR;
  const marker = new Marker({ element: car, anchor: "center" });
  let route: PathLayer | undefined;
  let last = first;
  let place = vehiclePlace(first);
  let frame = 0;
  let isGone = false;
  if (place) marker.setLngLat(place).addTo(map);
  whenReady(map, () => {
    route = createPathLayer(map, "route", "light", "route");
    draw(last);
    void streets(map, config, first, () => !isGone);
  });

  function draw(order: ResidentOrder): void {
    const line = order.polyline6 ? decodePolyline6(order.polyline6) : [];
    route?.update(order.state === "arrived" ? [] : [line]);
  }

  function glide(to: [number, number]): void {
    cancelAnimationFrame(frame);
    const from = place ?? to;
    const start = performance.now();
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const step = (): void => {
      const t = still ? 1 : Math.min(1, (performance.now() - start) / GLIDE_MS);
      place = [from[0] + (to[0] - from[0]) * t, from[1] + (to[1] - from[1]) * t];
      marker.setLngLat(place);
      if (t < 1) frame = requestAnimationFrame(step);
    };
    step();
  }

  let fittedFor = first.state;
  return {
    update(order) {
      last = order;
      lift(order.state);
      const to = vehiclePlace(order);
      if (to) {
        if (!place) marker.setLngLat(to).addTo(map);
        glide(to);
      }
      draw(order);
      const isOutside = to !== undefined && !map.getBounds().contains(to);
      if (order.state !== fittedFor || isOutside) {
        fittedFor = order.state;
        map.fitBounds(boundsFor(order), { padding: 56, maxZoom: 16, duration: 600 });
      }
    },
    destroy() {
      isGone = true;
      cancelAnimationFrame(frame);
      map.remove();
    },
  };
}

function vehiclePlace(order: ResidentOrder): [number, number] | undefined {
  return order.vehicle ? [order.vehicle.lng, order.vehicle.lat] : undefined;
}

function boundsFor(order: ResidentOrder): [number, number, number, number] {
  const at = vehiclePlace(order) ?? [order.pickup.lng, order.pickup.lat];
  const margin = 0.0012;
  return [
    Math.min(at[0], order.pickup.lng) - margin,
    Math.min(at[1], order.pickup.lat) - margin,
    Math.max(at[0], order.pickup.lng) + margin,
    Math.max(at[1], order.pickup.lat) + margin,
  ];
}

async function streets(
  map: MapLibreMap,
  config: Config | undefined,
  order: ResidentOrder,
  isWanted: () => boolean,
): Promise<void> {
  const town = config?.towns.find(
    ({ bbox: [west, south, east, north] }) =>
      order.pickup.lng >= west && order.pickup.lng <= east && order.pickup.lat >= south && order.pickup.lat <= north,
  );
  if (!town) return;
  // Until they are here the way and the vehicle are drawn without streets.
  await untilLoaded(async () => {
    const [lines, grounds] = await Promise.all([askRoads(town.code), askGrounds(town.code).catch(() => undefined)]);
    if (!isWanted()) return;
    if (grounds) createGroundLayer(map, town.code, grounds, "light", "route-case", { labels: true });
    createRoadLayer(map, town.code, lines, "light", "route-case", { labels: true });
  }, isWanted);
}

function pin(kind: "home" | "car", text: string): HTMLElement {
  const element = document.createElement("div");
  element.textContent = text;
  const base = "display:grid;place-items:center;border-radius:50%;box-shadow:0 2px 8px rgb(21 34 42/28%);";
  element.style.cssText =
    kind === "home"
      ? `${base}z-index:1;min-width:34px;height:34px;padding:0 8px;border-radius:17px 17px 17px 3px;background:#15222a;color:#fff;font:600 14px var(--font)`
      : `${base}width:44px;height:44px;background:#fff`;
  element.setAttribute("aria-hidden", "true");
  return element;
}

/** A constant of ours, not text from a server. */
const CAR =
  '<svg viewBox="0 0 24 24" width="26" height="26"><rect x="3" y="6" width="18" height="11" rx="3" fill="#1258b5"/><rect x="6" y="8.5" width="8" height="3.6" rx="1.2" fill="#d9e8fa"/><circle cx="7.6" cy="18" r="2.2" fill="#15222a"/><circle cx="16.4" cy="18" r="2.2" fill="#15222a"/></svg>';
