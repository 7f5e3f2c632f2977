// Prints the script that must be there before the phone page is useful, gzipped, and fails past its budget.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const BUDGET_BYTES = 30_000;
const dist = new URL("../dist/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf8"));
const needed = new Set();
const add = (key) => {
  const chunk = manifest[key];
  if (needed.has(chunk.file)) return;
  needed.add(chunk.file);
  for (const next of chunk.imports ?? []) add(next);
};
add("phone.html");
let total = 0;
for (const file of needed) {
  const bytes = gzipSync(readFileSync(new URL(file, dist))).length;
  total += bytes;
  console.log(`${file} ${bytes} B gzip`);
}
console.log(`phone, first useful content: ${total} B gzip of ${BUDGET_BYTES}`);
process.exitCode = total > BUDGET_BYTES ? 1 : 0;
