/* The phone pages without a connection. The service is asked first, always; only where nobody answers is a
   page shown as it stood, with the assets of its version. What it answers (401, 403) is an answer.
   Above stand `TOLD`, the version and the assets that it needs, and address.js. */
const ASSETS = "lotgraph-assets-" + TOLD.version, PAGES = `lotgraph-pages-${TOLD.version}-`;
const PLAN = "lotgraph-plan";          // what floor_store.js keeps of orders and stock
const NOBODY = [502, 503, 504];        // a proxy in front of a service that is away
const PATIENCE = 8000, MOST = 40;
const POLICY = ["content-security-policy", "referrer-policy", "x-content-type-options", "x-frame-options",
  "cross-origin-opener-policy", "permissions-policy"];

const drop = async (which) => {
  for (const name of await caches.keys()) if (name.startsWith("lotgraph-") && which(name)) await caches.delete(name);
};

/* Everything of who was signed in; what waits to be sent stays, for it has happened. */
const forget = async () => {
  await drop((name) => name.startsWith("lotgraph-pages-"));
  await new Promise((ok) => {
    const gone = indexedDB.deleteDatabase(PLAN);
    gone.onsuccess = gone.onerror = gone.onblocked = ok;
  });
};

self.addEventListener("install", (event) => event.waitUntil((async () => {
  const cache = await caches.open(ASSETS);
  await cache.addAll(TOLD.assets.map((path) => new Request(path, { cache: "reload" })));
  await self.skipWaiting();
})()));

self.addEventListener("activate", (event) => event.waitUntil((async () => {
  await drop((name) => name !== ASSETS && !name.startsWith(PAGES));
  await self.clients.claim();
})()));

/* A page tells who looks at it and, if it is a view to be kept, how it stands. */
const keep = async ({ who, at, html }) => {
  const theirs = PAGES + who;
  await drop((name) => name.startsWith("lotgraph-pages-") && name !== theirs);
  if (!at) return;
  const cache = await caches.open(theirs);
  await cache.put(lotgraph.address(at), new Response(html));
  for (const oldest of (await cache.keys()).slice(0, -MOST)) await cache.delete(oldest);
  return at;
};
self.addEventListener("message", (event) =>
  event.waitUntil(keep(event.data).then((at) => event.source.postMessage({ kept: at }))));

const asked = async (request, instead) => {
  const answering = fetch(request).catch(() => null);
  const answer = await Promise.race([answering, new Promise((ok) => setTimeout(ok, PATIENCE, null))]);
  if (answer && !NOBODY.includes(answer.status)) return answer;
  return (await instead()) || (await answering) || Response.error();
};

const asset = (request) => () => caches.match(request.url, { cacheName: ASSETS, ignoreSearch: true, ignoreVary: true });

/* A kept page stands under the same policy as any other answer. */
const page = (request) => async () => {
  const kept = await caches.match(lotgraph.address(request.url));
  if (!kept) return null;
  const policy = (await caches.match(TOLD.assets[0])).headers;
  const headers = POLICY.filter((name) => policy.has(name)).map((name) => [name, policy.get(name)]);
  return new Response(kept.body, { headers: [...headers, ["content-type", "text/html; charset=utf-8"]] });
};

/* Who comes to sign in is not signed in any more, whichever way that ended. */
const signIn = async (request) => {
  const answer = await fetch(request);
  await forget();
  return answer;
};

self.addEventListener("fetch", (event) => {
  const { request } = event, url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (url.pathname.startsWith("/assets/")) event.respondWith(asked(request, asset(request)));
  else if (request.mode === "navigate")
    event.respondWith(url.pathname === "/login" ? signIn(request) : asked(request, page(request)));
});
