/** A vehicle's last minutes as a line and as rows. Pure. */
export interface Point {
  measuredAtMs: number;
  lat: number;
  lng: number;
}

const MARGIN_PX = 12;

/** The newest point and before it one for every `stepMs`, the newest first. */
export function sampled<P extends Point>(points: readonly P[], stepMs: number): P[] {
  const found: P[] = [];
  for (const point of points.toReversed()) {
    const last = found.at(-1);
    if (!last || last.measuredAtMs - point.measuredAtMs >= stepMs) found.push(point);
  }
  return found;
}

/** An SVG path that fills the box, north up, metres alike in both directions; empty below two points. */
export function path(points: readonly Point[], width: number, height: number): string {
  if (points.length < 2) return "";
  const lats = points.map((point) => point.lat);
  const lngs = points.map((point) => point.lng);
  const [south, north] = [Math.min(...lats), Math.max(...lats)];
  const [west, east] = [Math.min(...lngs), Math.max(...lngs)];
  const squeeze = Math.cos(((south + north) / 2) * (Math.PI / 180));
  const scale = Math.min((width - 2 * MARGIN_PX) / Math.max((east - west) * squeeze, 1e-5), (height - 2 * MARGIN_PX) / Math.max(north - south, 1e-5));
  const left = (width - (east - west) * squeeze * scale) / 2;
  const top = (height - (north - south) * scale) / 2;
  return points
    .map((point, index) => {
      const x = left + (point.lng - west) * squeeze * scale;
      const y = top + (north - point.lat) * scale;
      return `${index === 0 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`;
    })
    .join("");
}
