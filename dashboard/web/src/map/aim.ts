/** A map worked by keyboard: MapLibre's arrow keys move it, + and − zoom it, and Enter acts on its middle. */
import type { LngLat, Map as MapLibreMap } from "maplibre-gl";
import "./aim.css";

/** Calls `act` with the middle of the map at Enter, and `back` at Backspace, while the map has the focus; ends with what it answers. */
export function aim(map: MapLibreMap, act: (middle: LngLat) => void, back?: () => void): () => void {
  const canvas = map.getCanvas();
  const keyed = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter") act(map.getCenter());
    else if (event.key === "Backspace" && back) back();
    else return;
    event.preventDefault();
  };
  map.getContainer().dataset["aim"] = "";
  canvas.addEventListener("keydown", keyed);
  return () => canvas.removeEventListener("keydown", keyed);
}
