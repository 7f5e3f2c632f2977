/** A fence under the hand: what the form says, what is drawn, what was cut off it, and the way back. */
import type { FeatureCollection } from "geojson";
import { drawFence, importFences, type Fence } from "../api/fences.ts";
import { add, fromGeoJson, NOTHING_DRAWN, Steps, toGeoJson, type Corner, type Outline } from "../drawing/outline.ts";
import type { Handle } from "../drawing/outline-layer.ts";
import { bodyOf, featureOf, type FenceForm } from "./fence-draft.ts";

interface Drawing {
  outline: Outline;
  /** The other side of a cut, which becomes a fence of its own. */
  off: Outline | undefined;
}
/** Cuts an outline in two; comes with its library when somebody cuts. */
type Split = (outline: Outline, from: Corner, to: Corner) => readonly [Outline, Outline] | undefined;

export class FenceEditor {
  form = $state<FenceForm>(null!);
  /** Id and names of the fence that was cut off. */
  second = $state({ fenceId: "", nameZh: "", nameEn: "" });
  drawing = $state.raw<Drawing>({ outline: NOTHING_DRAWN, off: undefined });
  chosen = $state.raw<Handle | undefined>(undefined);
  canUndo = $state(false);
  canRedo = $state(false);
  isSnapping = $state(true);
  /** The first end of a cut, "begun" before there is one; undefined while nobody cuts. */
  cut = $state.raw<Corner | "begun" | undefined>(undefined);
  /** A line that was drawn and met nothing. */
  missed = $state(false);
  readonly isNew: boolean;
  /** The version that this follows, 0 for a fence that there is not yet. */
  private readonly after: number;
  readonly title: { zh: string; en: string } | undefined;
  private readonly steps: Steps<Drawing>;
  private readonly first: string;

  constructor(form: FenceForm, from: Fence | undefined, after: number) {
    this.form = form;
    this.after = after;
    this.isNew = after === 0;
    this.title = from && after > 0 ? { zh: from.nameZh, en: from.nameEn } : undefined;
    this.drawing = { outline: (from && fromGeoJson(from.geometry)) || NOTHING_DRAWN, off: undefined };
    this.steps = new Steps(this.drawing);
    this.first = this.all();
  }

  get geometry(): ReturnType<typeof toGeoJson> {
    return toGeoJson(this.drawing.outline);
  }

  get isChanged(): boolean {
    return this.all() !== this.first;
  }

  redraw(outline: Outline): void {
    this.show(this.steps.take({ ...this.drawing, outline }));
  }

  added(at: Corner): void {
    this.redraw(add(this.drawing.outline, at));
    this.chosen = undefined;
  }

  back(forwards: boolean): void {
    this.show(forwards ? this.steps.redo() : this.steps.undo());
    this.chosen = undefined;
  }

  /** Takes one end of a cut; with the second the fence is cut. */
  async cutAt(at: Corner): Promise<void> {
    this.missed = false;
    if (this.cut === "begun" || this.cut === undefined) {
      this.cut = at;
      return;
    }
    await this.cutAlong(this.cut, at);
  }

  async cutAlong(from: Corner, to: Corner): Promise<void> {
    const { splitAlong }: { splitAlong: Split } = await import("../drawing/split.ts");
    const halves = splitAlong(this.drawing.outline, from, to);
    this.cut = undefined;
    this.missed = halves === undefined;
    if (!halves) return;
    const [outline, off] = halves;
    const { fenceId, nameZh, nameEn } = this.form;
    // A number would be taken the second time this fence is cut.
    const fresh = `${fenceId.slice(0, 56)}-${crypto.randomUUID().slice(0, 4)}`;
    this.second = { fenceId: fresh, nameZh: nameZh && `${nameZh} 2`, nameEn: nameEn && `${nameEn} 2` };
    this.show(this.steps.take({ outline, off }));
    this.chosen = undefined;
  }

  swap(): void {
    const { outline, off } = this.drawing;
    if (off) this.show(this.steps.take({ outline: off, off: outline }));
  }

  /** Keeps what is drawn as drafts, both sides of a cut or neither, and returns the first. Raises Problem. */
  async save(): Promise<Fence> {
    const area = this.geometry!;
    const off = this.drawing.off && toGeoJson(this.drawing.off);
    if (!off) return drawFence({ ...bodyOf(this.form, area), afterVersion: this.after });
    const features = [featureOf(this.form, area, this.after), featureOf({ ...this.form, ...this.second }, off, 0)];
    const [first] = await importFences({ type: "FeatureCollection", features } as FeatureCollection);
    return first!;
  }

  private show(next: Drawing): void {
    this.drawing = next;
    this.canUndo = this.steps.canUndo;
    this.canRedo = this.steps.canRedo;
    this.missed = false;
  }

  private all(): string {
    return JSON.stringify([this.form, this.drawing]);
  }
}
