/** Whether the name of a fence has room inside it. Pure. */
export const NAME_PX = 12;
/** Wider than so many letters a name is broken. */
export const NAME_EM = 8;
const TILE_PX = 512;
/** How wide a letter is that is no Chinese one, in letters. */
const LATIN_EM = 0.58;
const LINE_EM = 1.2;
/** Free on either side of a name, px. */
const ROOM_PX = 6;

type Box = readonly [west: number, south: number, east: number, north: number];

/** The whole zoom from which on the name of a fence is smaller than the box around it. */
export function roomFrom(name: string, [west, south, east, north]: Box): number {
  const long = [...name].reduce((sum, letter) => sum + (letter < "\u2e80" ? LATIN_EM : 1), 0);
  const widePx = Math.min(long, NAME_EM) * NAME_PX + 2 * ROOM_PX;
  const highPx = Math.ceil(long / NAME_EM) * LINE_EM * NAME_PX + 2 * ROOM_PX;
  // Degrees to px at zoom 0; north and south are stretched as Mercator does.
  const wide = ((east - west) * TILE_PX) / 360;
  const high = ((north - south) * TILE_PX) / 360 / Math.cos((((south + north) / 2) * Math.PI) / 180);
  return Math.ceil(Math.log2(Math.max(widePx / wide, highPx / high)));
}
