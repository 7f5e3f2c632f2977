/** Names on a map follow the language of the page. */
import { expect, test, vi } from "vitest";

vi.stubGlobal("location", { search: "", href: "http://city/fences" });
vi.stubGlobal("localStorage", { getItem: () => null, setItem: () => undefined });
vi.stubGlobal("document", { documentElement: { lang: "" } });
const { locale } = await import("../src/i18n/locale.svelte.ts");
const { followLanguage, named } = await import("../src/map/roads.ts");

function aMap(layers: Set<string>) {
  const drawn: Record<string, unknown> = {};
  let gone: (() => void) | undefined;
  const map = {
    getLayer: (id: string) => (layers.has(id) ? {} : undefined),
    setLayoutProperty: (id: string, _: string, value: unknown) => void (drawn[id] = value),
    once: (_: string, listener: () => void) => void (gone = listener),
  } as unknown as Parameters<typeof followLanguage>[0];
  return { map, drawn, remove: () => gone?.() };
}

test("the names of a layer are in the language of the page as soon as it is switched, while there is such a layer", async () => {
  const layers = new Set(["roads-KB-name"]);
  const { map, drawn, remove } = aMap(layers);
  followLanguage(map, "roads-KB-name");
  const chinese = named();
  await locale.toggle();
  expect(drawn["roads-KB-name"]).toEqual(["coalesce", ["get", "nameEn"], ["get", "name"]]);
  await locale.toggle();
  expect(drawn["roads-KB-name"]).toEqual(chinese);
  layers.clear();
  await locale.toggle();
  expect(drawn["roads-KB-name"]).toEqual(chinese);
  layers.add("roads-KB-name");
  remove();
  await locale.toggle();
  expect(drawn["roads-KB-name"]).toEqual(chinese);
});
