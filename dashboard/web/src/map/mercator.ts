/** Web Mercator as MapLibre's custom layers take it: x and y 0–1, y growing southwards. */
export const mercatorX = (lng: number): number => (lng + 180) / 360;

export function mercatorY(lat: number): number {
  const sin = Math.sin((lat * Math.PI) / 180);
  return 0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI);
}

/** Length of the equator (WGS 84, 6,378,137 m × 2π). */
export const EARTH_M = 40_075_016.686;

/** Metres of one unit of Mercator at a latitude. */
export const metresPerUnit = (lat: number): number => EARTH_M * Math.cos((lat * Math.PI) / 180);
