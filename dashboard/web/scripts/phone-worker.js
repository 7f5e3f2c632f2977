// Keeps the resident's pages on the phone. What is asked of the api is never kept here: the page keeps the one order
// that it follows (src/phone/kept-order.ts). Names and version are put in when the pages are built.
const CACHE = "phone-__VERSION__";
const FILES = __FILES__;
const PAGE = "/phone";
const PATIENCE_MS = 4000;

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.addAll([PAGE, ...FILES]))
      .then(() => self.skipWaiting()),
  );
});

// The files of the build before stay: a page that is open asks for its parts by their old names.
self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => names.filter((name) => name.startsWith("phone-") && name !== CACHE).slice(0, -1))
      .then((old) => Promise.all(old.map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin) return;
  if (event.request.mode === "navigate") event.respondWith(page(event.request));
  else if (url.pathname.startsWith("/assets/")) event.respondWith(kept(event.request));
});

// The newest page where there is a network; the kept one where there is none, or none to speak of.
async function page(request) {
  const impatience = new AbortController();
  const timer = setTimeout(() => impatience.abort(), PATIENCE_MS);
  try {
    const answer = await fetch(request, { signal: impatience.signal });
    if (answer.ok || answer.type === "opaqueredirect") return answer;
  } catch {
    // Without a network: what was kept.
  } finally {
    clearTimeout(timer);
  }
  return (await caches.match(PAGE, { cacheName: CACHE })) ?? fetch(request);
}

// Assets are named by their content: what is kept is what would be fetched.
async function kept(request) {
  return (await caches.match(request)) ?? fetch(request);
}
