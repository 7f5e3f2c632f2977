/** Area stops on a page: those that stand, and the one that somebody draws now. */
import { areaStops as askAreaStops } from "../api/area-stops.ts";
import type { Handle } from "../drawing/outline-layer.ts";
import { NOTHING_DRAWN, type Corner, type Outline } from "../drawing/outline.ts";
import { Asked } from "../parts/asked.svelte.ts";
import { session } from "../parts/session.svelte.ts";

export type Box = readonly [west: number, south: number, east: number, north: number];

export class Areas {
  readonly list = new Asked(askAreaStops);
  readonly standing = $derived((this.list.data ?? []).filter((one) => one.state !== "released"));
  /** What is drawn so far; undefined while nobody draws. */
  outline = $state.raw<Outline | undefined>(undefined);
  chosen = $state.raw<Handle | undefined>(undefined);
  /** Shows an area on the map; undefined where there is none that could. */
  show = $state.raw<((geometry: unknown) => void) | undefined>(undefined);
  /** What the map shows; for whoever draws by keyboard. */
  inView: () => Box | undefined = () => undefined;
  readonly mayPlace = session.may("area-stops:place");

  begin(): void {
    this.outline = NOTHING_DRAWN;
    this.chosen = undefined;
  }

  end(): void {
    this.outline = undefined;
    this.chosen = undefined;
  }

  /** Takes all that the map shows as the area, a little in from its edge. */
  takeView(): void {
    const box = this.inView();
    if (!box) return;
    const [west, south, east, north] = box;
    const [x, y] = [(east - west) * 0.08, (north - south) * 0.08];
    const corners: Corner[] = [
      [west + x, south + y],
      [east - x, south + y],
      [east - x, north - y],
      [west + x, north - y],
    ];
    this.outline = { rings: [{ isHole: false, corners }], at: 0 };
    this.chosen = undefined;
  }
}
