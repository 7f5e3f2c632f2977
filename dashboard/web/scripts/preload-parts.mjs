// A plugin of the build: a page names what its one large part needs, so that it is fetched with the page and not after it.
const PARTS = { "city.html": "/src/city/Wall.svelte", "console.html": "/src/console/Desk.svelte" };

/** @returns {import("vite").Plugin} */
export function preloadParts() {
  return {
    name: "preload-parts",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler(html, { bundle, filename }) {
        const page = Object.keys(PARTS).find((name) => filename.endsWith(`/${name}`));
        if (!page || !bundle) return undefined;
        const chunks = Object.values(bundle).filter((one) => one.type === "chunk");
        const part = chunks.find((one) => one.facadeModuleId?.endsWith(PARTS[page]));
        if (!part) throw new Error(`${PARTS[page]} is no chunk of its own`);
        const scripts = new Set();
        const styles = new Set();
        const add = (name) => {
          const chunk = bundle[name];
          if (chunk?.type !== "chunk" || scripts.has(name)) return;
          scripts.add(name);
          for (const style of chunk.viteMetadata?.importedCss ?? []) styles.add(style);
          chunk.imports.forEach(add);
        };
        add(part.fileName);
        const isNew = (name) => !html.includes(`/${name}"`);
        const link = (attrs) => ({ tag: "link", attrs, injectTo: "head" });
        return [
          ...[...scripts].filter(isNew).map((name) => link({ rel: "modulepreload", crossorigin: true, href: `/${name}` })),
          ...[...styles].filter(isNew).map((name) => link({ rel: "preload", as: "style", crossorigin: true, href: `/${name}` })),
        ];
      },
    },
  };
}
