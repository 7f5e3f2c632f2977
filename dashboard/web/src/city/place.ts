/** Where a map looks, as a word of the address: "zoom,lat,lng". */
export interface Place {
  readonly zoom: number;
  readonly center: [lng: number, lat: number];
}

/** Returns the place, or undefined for what is none. Pure. */
export function placeOf(text: string | undefined): Place | undefined {
  const [zoom, lat, lng, ...more] = (text ?? "").split(",").map(Number);
  const isPlace =
    more.length === 0 && zoom! >= 0 && zoom! <= 24 && Math.abs(lat!) <= 85 && Math.abs(lng!) <= 180;
  return isPlace ? { zoom: zoom!, center: [lng!, lat!] } : undefined;
}

/** The word of a place; five decimals are a metre. Pure. */
export const writePlace = (zoom: number, { lat, lng }: { lat: number; lng: number }): string =>
  `${zoom.toFixed(2)},${lat.toFixed(5)},${lng.toFixed(5)}`;
