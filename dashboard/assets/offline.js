/* Pages that a device keeps: installable, and shown as they were last seen where nobody answers. */
(function () {
  const lotgraph = (window.lotgraph = window.lotgraph || {});
  const PAGES = "lotgraph-pages", FILES = "lotgraph-files", WHOSE = "lotgraph-whose", CALM = 800;
  const SCRIPTS = /\/assets\/(theme|frame|acts|scan|offline|floor|floor_store|floor_lists|hold)\.js/;
  const READER = ["/assets/zxing/zxing_reader.js?v=3.1.6", "/assets/zxing/zxing_reader.wasm?v=3.1.6"];
  const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; " +
    "img-src 'self' data: blob:; font-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
  const html = document.documentElement;

  const frame = () => document.getElementById("kept-pages");
  const who = () => (document.querySelector(".visitor") || {}).title || "";
  const here = () => {
    const paths = frame() ? frame().dataset.paths.split(" ") : [], at = paths.indexOf(location.pathname);
    return at < 0 ? null : { path: paths[at], name: frame().dataset.names.split(" ")[at] };
  };

  /* ------------------------------------------------------------------ to install */

  const link = (rel, href) => {
    let made = document.head.querySelector(`link[rel="${rel}"]`);
    if (!made) {
      made = document.createElement("link");
      made.rel = rel;
      if (rel === "manifest") made.crossOrigin = "use-credentials";
      document.head.append(made);
    }
    if (made.getAttribute("href") !== href) made.setAttribute("href", href);
  };
  const register = (page) => {
    link("manifest", `/_install/${page.name}.webmanifest`);
    link("apple-touch-icon", "/assets/install/any-192.png");
    if (navigator.serviceWorker && !register[page.path]) {
      register[page.path] = true;
      navigator.serviceWorker.register("/assets/worker.js", { scope: page.path, updateViaCache: "none" }).catch(() => {});
      if (navigator.storage && navigator.storage.persist) navigator.storage.persist();
    }
  };

  /* ------------------------------------------------------------------ to keep */

  /* The page as it stands, without what only a service could answer. */
  const copy = () => {
    const made = html.cloneNode(true);
    made.dataset.kept = String(Date.now());
    made.querySelectorAll("script").forEach((one) => SCRIPTS.test(one.src) || one.remove());
    made.querySelectorAll("#floor").forEach((one) => { one.replaceChildren(); delete one.dataset.begun; });
    made.querySelectorAll("#notice, #kept-told, #refused, dialog.camera").forEach((one) => (one.id === "notice" ? one.replaceChildren() : one.remove()));
    return made;
  };
  const addresses = (made) => [
    ...[...made.querySelectorAll("script[src]")].map((one) => one.getAttribute("src")),
    ...[...made.querySelectorAll("link[rel=stylesheet]")].map((one) => one.getAttribute("href")),
    ...performance.getEntriesByType("resource").map((one) => one.name).filter((name) => new URL(name).pathname.startsWith("/assets/fonts/")),
    ...READER,
  ];
  const keepFile = async (files, address) => {
    const url = new URL(address, location.href);
    if (await files.match(url)) return;
    const answer = await fetch(url);
    if (!answer.ok) return;
    for (const old of await files.keys()) if (new URL(old.url).pathname === url.pathname) await files.delete(old);
    await files.put(url, answer);
  };
  const keep = async () => {
    const page = here();
    if (!page || html.dataset.kept || !window.caches || !navigator.onLine || !document.querySelector("#page > *")) return;
    const made = copy(), shown = made.outerHTML.replace(/data-kept="\d+"/, "");
    if (keep.shown === shown) return;
    keep.shown = shown;
    const files = await caches.open(FILES), pages = await caches.open(PAGES);
    for (const address of addresses(made)) await keepFile(files, address).catch(() => {});
    const text = "<!DOCTYPE html>" + made.outerHTML, incident = new URLSearchParams(location.search).get("incident");
    const answer = () => new Response(text, { headers: { "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": POLICY } });
    await pages.put(page.path, answer());
    if (incident) await pages.put(page.path + "?incident=" + encodeURIComponent(incident), answer());
    if (navigator.serviceWorker) await navigator.serviceWorker.ready;
    html.dataset.keptHere = page.path;
  };

  /* Another person on this device does not see what the last one saw. */
  const whose = async () => {
    if (html.dataset.kept || !who() || localStorage.getItem(WHOSE) === who()) return;
    localStorage.setItem(WHOSE, who());
    keep.shown = "";
    if (window.caches) await caches.delete(PAGES);
  };

  let calm = 0;
  const changed = () => {
    if (!frame()) return;
    const page = here();
    if (page) register(page);
    clearTimeout(calm);
    calm = setTimeout(() => whose().then(keep), CALM);
  };

  /* ------------------------------------------------------------------ a page that was kept */

  if (html.dataset.kept) {
    document.addEventListener("DOMContentLoaded", () => {
      const told = document.createElement("p"), when = new Date(Number(html.dataset.kept));
      told.id = "kept-told";
      told.className = "kept-told";
      told.setAttribute("role", "status");
      told.textContent = frame().dataset.told.replace("$when", when.toLocaleString("sv-SE").slice(0, 16));
      document.getElementById("page").before(told);
    });
    window.addEventListener("online", () => setTimeout(() => location.hash || location.reload(), 1500));
  } else {
    new MutationObserver(changed).observe(document, { childList: true, subtree: true });
    window.addEventListener("popstate", changed);
  }
})();
