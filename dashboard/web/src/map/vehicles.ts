/**
 * Every vehicle on the map, drawn by one custom WebGL layer straight from the store's columns.
 *
 * Positions are relative to a fixed origin (Float32 degrees would step by 0.65 m here) and interpolated in the
 * vertex shader over the time between two reports. The map is asked for a new frame only as often as a vehicle
 * can move a quarter of a pixel: twice a second over the whole city, every frame in a street.
 */
import type { CustomRenderMethodInput, Map as MapLibreMap } from "maplibre-gl";
import type { Flush, VehicleStore } from "../live/vehicles.ts";
import { mercatorX, mercatorY, metresPerUnit } from "./mercator.ts";
import { PALETTES, rgb, type Scheme } from "./palette.ts";
import { FRAGMENT, VERTEX } from "./shaders.ts";

export interface VehicleLayer {
  readonly id: string;
  select(vehicleNo: number | undefined): void;
  /** Shows only what `shown` says; others stay as a faint dot. */
  filter(shown: ((slot: number) => boolean) | undefined): void;
  /** The nearest vehicle within `withinPx` of a point of the canvas. */
  pick(point: { x: number; y: number }, withinPx?: number): number | undefined;
  /** Where a vehicle is drawn now, degrees. */
  placeOf(vehicleNo: number): [lng: number, lat: number] | undefined;
  /** Frames drawn since the layer was added: `map.idle` never fires under an animated layer. */
  readonly frames: number;
  setVisible(visible: boolean): void;
  destroy(): void;
}

const FLOATS = 11;
const ORIGIN = { x: mercatorX(109.0), y: mercatorY(39.4) };
const UNITS_PER_METRE = 1 / metresPerUnit(39.4);
/** A jump longer than this is a new place, not a drive. */
const TELEPORT_UNITS = 400 * UNITS_PER_METRE;
const FASTEST_MPS = 8;
const REBASE_S = 3 * 3600;

export function createVehicleLayer(
  map: MapLibreMap,
  store: VehicleStore,
  options: { scheme: Scheme; beforeId?: string; rate?: () => number; minSize?: number; maxSize?: number },
): VehicleLayer {
  const palette = PALETTES[options.scheme];
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  let data = new Float32Array(FLOATS * 512);
  let gl: WebGL2RenderingContext | undefined;
  let program: WebGLProgram;
  let buffer: WebGLBuffer;
  let vao: WebGLVertexArrayObject;
  let uniforms: Record<string, WebGLUniformLocation | null> = {};
  let capacity = 0;
  let epochMs = performance.now();
  let selected: number | undefined;
  let shown: ((slot: number) => boolean) | undefined;
  let visible = true;
  let frames = 0;
  let low = 0;
  let high = -1;
  let movingUntilMs = 0;
  let hasAlarm = false;
  let repaintTimer: ReturnType<typeof setTimeout> | undefined;

  const seconds = () => (performance.now() - epochMs) / 1000;

  function current(slot: number, now: number): [number, number] {
    const at = slot * FLOATS;
    const t = Math.min(1, Math.max(0, (now - data[at + 4]!) / Math.max(data[at + 5]!, 0.001)));
    return [
      data[at]! + (data[at + 2]! - data[at]!) * t,
      data[at + 1]! + (data[at + 3]! - data[at + 1]!) * t,
    ];
  }

  function write(slot: number, now: number, fresh: boolean): void {
    const at = slot * FLOATS;
    const x = mercatorX(store.lng[slot]!) - ORIGIN.x;
    const y = mercatorY(store.lat[slot]!) - ORIGIN.y;
    const turn = store.headingDeg[slot]! / 360;
    let [fromX, fromY] = fresh ? [x, y] : current(slot, now);
    const jump = Math.hypot(x - fromX, y - fromY);
    if (jump > TELEPORT_UNITS * Math.max(1, options.rate?.() ?? 1)) [fromX, fromY] = [x, y];
    const since = fresh ? 1 : now - data[at + 10]!;
    const span = still ? 0 : Math.min(1.5, Math.max(0.08, since * 1.1));
    data[at] = fromX;
    data[at + 1] = fromY;
    data[at + 2] = x;
    data[at + 3] = y;
    data[at + 4] = now;
    data[at + 5] = span;
    data[at + 6] = fresh ? turn : data[at + 7]!;
    data[at + 7] = turn;
    data[at + 8] = store.condition[slot]!;
    data[at + 9] = !shown || shown(slot) ? 1 : 0.16;
    data[at + 10] = now;
    if (jump > 0) movingUntilMs = Math.max(movingUntilMs, performance.now() + span * 1000);
    low = Math.min(low, slot);
    high = Math.max(high, slot);
  }

  function rewriteAll(): void {
    const now = seconds();
    for (let slot = 0; slot < store.count; slot++) write(slot, now, true);
  }

  function take(flush: Flush): void {
    if (store.count * FLOATS > data.length) {
      const wider = new Float32Array(Math.max(data.length * 2, store.count * FLOATS));
      wider.set(data);
      data = wider;
      capacity = 0;
    }
    if (seconds() > REBASE_S) {
      epochMs = performance.now();
      rewriteAll();
    }
    const now = seconds();
    for (const slot of flush.slots) write(slot, now, flush.reset || data[slot * FLOATS + 10] === 0);
    hasAlarm = store.tally()[4]! > 0;
    schedule();
  }

  function repaintWait(): number {
    const now = performance.now();
    const moving = now < movingUntilMs;
    if (!moving && !(hasAlarm && !still)) return -1;
    const unitsPerPx = 1 / (512 * 2 ** map.getZoom());
    const pxPerS = (FASTEST_MPS * (options.rate?.() ?? 1) * UNITS_PER_METRE) / unitsPerPx;
    const motion = moving ? 1000 / Math.min(60, Math.max(2, pxPerS * 4)) : 500;
    const pulse = hasAlarm && !still ? 80 : 1000;
    return Math.min(motion, pulse);
  }

  function schedule(): void {
    if (!visible || repaintTimer !== undefined) return;
    repaintTimer = setTimeout(() => {
      repaintTimer = undefined;
      map.triggerRepaint();
    }, Math.max(0, repaintWait()));
  }

  function upload(context: WebGL2RenderingContext): void {
    context.bindBuffer(context.ARRAY_BUFFER, buffer);
    if (capacity < store.count) {
      context.bufferData(context.ARRAY_BUFFER, data, context.DYNAMIC_DRAW);
      capacity = data.length / FLOATS;
    } else if (high >= low) {
      context.bufferSubData(context.ARRAY_BUFFER, low * FLOATS * 4, data, low * FLOATS, (high - low + 1) * FLOATS);
    }
    low = Number.MAX_SAFE_INTEGER;
    high = -1;
  }

  function size(): number {
    const zoom = map.getZoom();
    const small = options.minSize ?? 3;
    const large = options.maxSize ?? 12;
    return small + (large - small) * Math.min(1, Math.max(0, (zoom - 8) / 6));
  }

  const layer = {
    id: "vehicles",
    type: "custom" as const,
    renderingMode: "2d" as const,
    onAdd(_: MapLibreMap, context: WebGL2RenderingContext): void {
      gl = context;
      program = link(context);
      uniforms = {};
      for (const name of UNIFORMS) uniforms[name] = context.getUniformLocation(program, name);
      buffer = context.createBuffer()!;
      vao = context.createVertexArray()!;
      context.bindVertexArray(vao);
      context.bindBuffer(context.ARRAY_BUFFER, buffer);
      for (const [name, width, offset] of ATTRIBUTES) {
        const at = context.getAttribLocation(program, name);
        context.enableVertexAttribArray(at);
        context.vertexAttribPointer(at, width, context.FLOAT, false, FLOATS * 4, offset * 4);
        context.vertexAttribDivisor(at, 1);
      }
      context.bindVertexArray(null);
      capacity = 0;
    },
    render(context: WebGL2RenderingContext, input: CustomRenderMethodInput): void {
      frames++;
      if (store.count === 0 || !visible) return;
      upload(context);
      const canvas = map.getCanvas();
      const ratio = canvas.width / canvas.clientWidth;
      const unitsPerPx = 1 / (512 * 2 ** map.getZoom());
      context.useProgram(program);
      context.bindVertexArray(vao);
      context.uniformMatrix4fv(uniforms["u_matrix"]!, false, shifted(input.defaultProjectionData.mainMatrix));
      context.uniform2f(uniforms["u_viewport"]!, canvas.width, canvas.height);
      context.uniform1f(uniforms["u_now"]!, seconds());
      context.uniform1f(uniforms["u_size"]!, size() * ratio);
      context.uniform1f(uniforms["u_bearing"]!, map.getBearing() / 360);
      context.uniform1f(uniforms["u_unitsPerPx"]!, unitsPerPx / ratio);
      context.uniform1f(uniforms["u_unitsPerMetre"]!, UNITS_PER_METRE);
      context.uniform1f(uniforms["u_pulse"]!, still ? 0.35 : (performance.now() / 1500) % 1);
      context.uniform3fv(uniforms["u_colors"]!, palette.conditions.flatMap(rgb));
      context.uniform3fv(uniforms["u_outline"]!, rgb(palette.outline));
      context.uniform3fv(uniforms["u_selection"]!, rgb(palette.selection));
      context.disable(context.DEPTH_TEST);
      context.disable(context.STENCIL_TEST);
      context.enable(context.BLEND);
      context.blendFunc(context.ONE, context.ONE_MINUS_SRC_ALPHA);
      const slot = selected === undefined ? -1 : (store.slot(selected) ?? -1);
      context.uniform1i(uniforms["u_selected"]!, slot);
      for (const pass of slot >= 0 ? [2, 0, 1, 3] : [2, 0, 1]) {
        context.uniform1i(uniforms["u_pass"]!, pass);
        context.drawArraysInstanced(context.TRIANGLE_STRIP, 0, 4, store.count);
      }
      context.bindVertexArray(null);
      if (repaintWait() >= 0) schedule();
    },
  };

  map.addLayer(layer, options.beforeId);
  const unsubscribe = store.subscribe(take);
  rewriteSoon();

  function rewriteSoon(): void {
    if (store.count > 0) take({ slots: Array.from({ length: store.count }, (_, slot) => slot), reset: true });
  }

  return {
    id: layer.id,
    get frames() {
      return frames;
    },
    select(vehicleNo) {
      selected = vehicleNo;
      map.triggerRepaint();
    },
    filter(predicate) {
      shown = predicate;
      for (let slot = 0; slot < store.count; slot++) data[slot * FLOATS + 9] = !shown || shown(slot) ? 1 : 0.16;
      low = 0;
      high = store.count - 1;
      map.triggerRepaint();
    },
    pick(point, withinPx = 18) {
      const now = seconds();
      let best: number | undefined;
      let bestPx = withinPx;
      for (let slot = 0; slot < store.count; slot++) {
        if (data[slot * FLOATS + 9]! < 0.5) continue;
        const [x, y] = current(slot, now);
        const at = map.project(degrees(x + ORIGIN.x, y + ORIGIN.y));
        const px = Math.hypot(at.x - point.x, at.y - point.y) - (store.condition[slot] === 4 ? 4 : 0);
        if (px < bestPx) {
          bestPx = px;
          best = store.vehicleNo[slot];
        }
      }
      return best;
    },
    placeOf(vehicleNo) {
      const slot = store.slot(vehicleNo);
      if (slot === undefined) return undefined;
      const [x, y] = current(slot, seconds());
      return degrees(x + ORIGIN.x, y + ORIGIN.y);
    },
    setVisible(next) {
      visible = next;
      map.triggerRepaint();
    },
    destroy() {
      unsubscribe();
      clearTimeout(repaintTimer);
      if (map.getLayer(layer.id)) map.removeLayer(layer.id);
      gl?.deleteBuffer(buffer);
      gl?.deleteVertexArray(vao);
      gl?.deleteProgram(program);
    },
  };
}

const UNIFORMS = [
  "u_matrix",
  "u_viewport",
  "u_now",
  "u_size",
  "u_bearing",
  "u_unitsPerPx",
  "u_unitsPerMetre",
  "u_pulse",
  "u_colors",
  "u_outline",
  "u_selection",
  "u_selected",
  "u_pass",
] as const;

const ATTRIBUTES = [
  ["a_path", 4, 0],
  ["a_motion", 4, 4],
  ["a_state", 3, 8],
] as const;

/** The map's matrix (Mercator 0–1 → clip) moved to the layer's origin in 64 bits, then rounded to 32. */
function shifted(matrix: ArrayLike<number>): Float32Array {
  const out = new Float32Array(16);
  for (let i = 0; i < 16; i++) out[i] = matrix[i]!;
  for (let row = 0; row < 4; row++) {
    out[12 + row] = matrix[row]! * ORIGIN.x + matrix[4 + row]! * ORIGIN.y + matrix[12 + row]!;
  }
  return out;
}

function degrees(x: number, y: number): [number, number] {
  return [x * 360 - 180, (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI];
}

function link(gl: WebGL2RenderingContext): WebGLProgram {
  const program = gl.createProgram()!;
  for (const [type, source] of [
    [gl.VERTEX_SHADER, VERTEX],
    [gl.FRAGMENT_SHADER, FRAGMENT],
  ] as const) {
    const shader = gl.createShader(type)!;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS) && !gl.isContextLost()) {
      throw new Error(`vehicle layer: ${gl.getShaderInfoLog(shader) ?? "shader refused"}`);
    }
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
    throw new Error(`vehicle layer: ${gl.getProgramInfoLog(program) ?? "program refused"}`);
  }
  return program;
}
