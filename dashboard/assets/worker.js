/* Shows a kept page where nobody answers, and the files it is made of. It is registered for the path of
   each such page and sees no other; nothing of the service's own answers is kept here. */
const PAGES = "lotgraph-pages", FILES = "lotgraph-files";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const { request } = event, url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(page(request, url));
  else if (url.pathname.startsWith("/assets/")) event.respondWith(file(request));
});

const page = async (request, url) => {
  try {
    const answer = await fetch(request);
    if (answer.status < 500) return answer;
    return (await keptPage(url)) || answer;
  } catch (error) {
    const found = await keptPage(url);
    if (found) return found;
    throw error;
  }
};
/* As `offline.js` names them: the list of an incident, or else what of that page was seen last. */
const keptPage = async (url) => {
  const pages = await caches.open(PAGES), incident = url.searchParams.get("incident");
  const named = incident && (await pages.match(url.pathname + "?incident=" + encodeURIComponent(incident)));
  return named || (incident ? undefined : pages.match(url.pathname));
};

/* Files change their address with their content; what has one address is asked for anew each time. */
const file = async (request) => {
  const files = await caches.open(FILES), lasting = new URL(request.url).search !== "" || request.url.includes("/fonts/");
  const found = await files.match(request);
  if (found && lasting) return found;
  try { return await fetch(request); } catch (error) {
    if (found) return found;
    throw error;
  }
};
