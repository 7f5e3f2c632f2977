/** What a map shows, as a picture to keep: the map, the names that lie over it, and the lines that say what it is. */
import type { Map as MapLibreMap } from "maplibre-gl";
import { PALETTES, type Scheme } from "./palette.ts";

export interface Mark {
  readonly lng: number;
  readonly lat: number;
  readonly text: string;
  /** How far beside its place the page draws it, px. */
  readonly offset?: { readonly x: number; readonly y: number };
}

const BAR_PX = 34;
const LINE_PX = 20;
const FONT = '"Noto Sans CJK SC","Noto Sans SC","Microsoft YaHei",sans-serif';

/** A PNG of the map with `lines` under it; `marks` are names that the page draws beside the canvas. */
export async function pictureOf(map: MapLibreMap, scheme: Scheme, lines: readonly string[], marks: readonly Mark[] = []): Promise<Blob> {
  const p = PALETTES[scheme];
  const canvas = map.getCanvas();
  const scale = canvas.width / canvas.clientWidth;
  const drawn = document.createElement("canvas");
  drawn.width = canvas.width;
  drawn.height = canvas.height + Math.round((BAR_PX + LINE_PX * (lines.length - 1)) * scale);
  const pen = drawn.getContext("2d")!;
  pen.fillStyle = p.ground;
  pen.fillRect(0, 0, drawn.width, drawn.height);
  // The buffer of a WebGL canvas is kept only until the frame is over: it is drawn and copied in one go.
  map.redraw();
  pen.drawImage(canvas, 0, 0);
  pen.scale(scale, scale);
  pen.textBaseline = "middle";
  pen.lineJoin = "round";
  pen.font = `600 14px ${FONT}`;
  for (const { lng, lat, text, offset } of marks) {
    const at = map.project([lng, lat]);
    const [x, y] = [at.x + (offset?.x ?? 0), at.y + (offset?.y ?? 0)];
    pen.textAlign = "center";
    pen.strokeStyle = p.halo;
    pen.lineWidth = 4;
    pen.strokeText(text, x, y);
    pen.fillStyle = p.selection;
    pen.fillText(text, x, y);
  }
  pen.textAlign = "left";
  pen.fillStyle = p.label;
  pen.font = `400 13px ${FONT}`;
  lines.forEach((line, n) => pen.fillText(line, 12, canvas.clientHeight + BAR_PX / 2 + n * LINE_PX, canvas.clientWidth - 24));
  return new Promise((done, failed) => drawn.toBlob((blob) => (blob ? done(blob) : failed(new Error("no picture"))), "image/png"));
}
