// A plugin of the build: the phone page's manifest and its worker, which knows the files that the page needs.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

const WORKER = new URL("./phone-worker.js", import.meta.url);
const ICON = new URL("../src/art/mark.svg", import.meta.url);
const ENTRY = "phone.html";

/** @returns {import("vite").Plugin} */
export function phoneShell() {
  return {
    name: "phone-shell",
    apply: "build",
    enforce: "post",
    generateBundle(_, bundle) {
      const files = new Set();
      const add = (name) => {
        const chunk = bundle[name];
        // The map is not kept: it is larger than all the rest, and the page does without it.
        if (chunk?.type !== "chunk" || files.has(name) || chunk.moduleIds.some((id) => id.includes("maplibre-gl"))) return;
        files.add(name);
        for (const style of chunk.viteMetadata?.importedCss ?? []) files.add(style);
        for (const next of [...chunk.imports, ...chunk.dynamicImports]) add(next);
      };
      const entry = Object.values(bundle).find((one) => one.type === "chunk" && one.isEntry && one.facadeModuleId?.endsWith(`/${ENTRY}`));
      if (!entry) throw new Error(`${ENTRY} is not among the pages that are built`);
      add(entry.fileName);
      const names = [...files].sort().map((name) => `/${name}`);
      const icon = this.getFileName(this.emitFile({ type: "asset", name: "phone-icon.svg", source: readFileSync(ICON) }));
      const version = createHash("sha256").update([...names, bundle[ENTRY]?.source ?? ""].join("\n")).digest("hex").slice(0, 12);
      const worker = readFileSync(WORKER, "utf8").replace("__VERSION__", version).replace("__FILES__", JSON.stringify(names));
      this.emitFile({ type: "asset", fileName: "phone-worker.js", source: worker });
      this.emitFile({ type: "asset", fileName: "phone.webmanifest", source: JSON.stringify(manifest(`/${icon}`)) });
    },
  };
}

const manifest = (icon) => ({
  id: "/phone",
  name: "无人配送",
  short_name: "无人配送",
  lang: "zh-CN",
  start_url: "/phone",
  scope: "/phone",
  display: "standalone",
  background_color: "#ffffff",
  theme_color: "#ffffff",
  icons: [{ src: icon, sizes: "any", type: "image/svg+xml", purpose: "any" }],
});
