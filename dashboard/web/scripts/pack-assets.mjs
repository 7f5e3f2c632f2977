// A plugin of the build: every file that the pages load is written compressed as well, once and as small as it gets.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const LEAST_BYTES = 1_000;
const TEXT = /\.(js|css|svg|json|webmanifest)$/;
const packs = [
  [".br", promisify(brotliCompress), (length) => ({ params: { [constants.BROTLI_PARAM_SIZE_HINT]: length } })],
  [".gz", promisify(gzip), () => ({ level: 9 })],
];

/** @returns {import("vite").Plugin} */
export function packAssets() {
  return {
    name: "pack-assets",
    apply: "build",
    enforce: "post",
    async writeBundle({ dir }, bundle) {
      const files = Object.values(bundle).filter((file) => file.fileName.startsWith("assets/") && TEXT.test(file.fileName));
      const pack = async (file) => {
        const plain = Buffer.from(file.type === "chunk" ? file.code : file.source);
        if (plain.length < LEAST_BYTES) return;
        for (const [ending, compress, options] of packs) {
          await writeFile(join(dir, file.fileName + ending), await compress(plain, options(plain.length)));
        }
      };
      await Promise.all(files.map(pack));
    },
  };
}
