/* What the phone pages need without a connection: a view that is marked is given to the worker as it stands,
   and a view that the worker shows says so. */
(function () {
  const lotgraph = (window.lotgraph = window.lotgraph || {});
  const root = document.documentElement, worker = navigator.serviceWorker;
  const SETTLED = 400, HURRY = 3000;
  const told = (name) => document.querySelector("[data-kept-as-of]").dataset[name];

  /* The view without what runs Dash, what was typed and what was said on the way. */
  const snapshot = (view) => {
    const made = root.cloneNode(true);
    made.dataset.kept = view.dataset.at;
    made.querySelectorAll("script:not([src^='/assets/']), dialog.camera, #refused").forEach((one) => one.remove());
    made.querySelectorAll("[role=alert], #notice").forEach((one) => one.replaceChildren());
    made.querySelectorAll("input[type=text]:not([inputmode=decimal])").forEach((one) => one.removeAttribute("value"));
    made.querySelectorAll("[data-keep]").forEach((one) => (one.hidden = true));
    for (const begun of made.querySelectorAll("[data-begun]")) {
      begun.replaceChildren();
      delete begun.dataset.begun;
    }
    return "<!DOCTYPE html>" + made.outerHTML;
  };

  let registered = null;
  const tell = async () => {
    const visitor = document.querySelector(".visitor"), view = document.querySelector("[data-keep]");
    if (!visitor || !(view || worker.controller)) return;
    if (view) await (registered = registered || worker.register("/worker.js"));
    const kept = view ? { at: view.dataset.keep, html: snapshot(view) } : {};
    (await worker.ready).active.postMessage({ who: visitor.title, ...kept });
  };
  let waiting = 0;
  const settle = () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => tell().catch(() => {}), SETTLED);  // without a worker nothing is kept
  };

  /* ------------------------------------------------------------------ a view that was kept */

  const say = () => {
    const note = document.createElement("p");
    note.className = "kept-note";
    note.setAttribute("role", "status");
    const again = document.createElement("a");
    again.href = location.pathname + location.search;
    again.dataset.reload = "true";
    again.textContent = told("keptAgain");
    note.append(told("keptAsOf").replace("$when", root.dataset.kept) + " ", again);
    document.getElementById("page").before(note);
  };

  /* No Dash runs in it: each address is a page, which is asked for where it was not kept. */
  lotgraph.isKept = () => "kept" in root.dataset;
  const load = (href) => {
    if (lotgraph.isKept()) return location.assign(href);
    history.pushState(null, "", href);
    location.reload();  // what differs behind `#` only would leave the page as it is
  };
  lotgraph.open = async (href) => {
    const kept = (one) => caches.match(lotgraph.address(one));
    const answers = () => fetch(href, { method: "HEAD", signal: AbortSignal.timeout(HURRY) }).catch(() => null);
    const turned = lotgraph.turned(href);
    if ((await kept(href)) || (await answers())) location.assign(href);
    else if (turned && (await kept(turned.list))) load(turned.list + turned.hash);
    else lotgraph.tell(told("keptNot"));
  };

  if (lotgraph.isKept()) document.addEventListener("DOMContentLoaded", say);
  else if (worker) {
    new MutationObserver(settle).observe(document, { childList: true, subtree: true });
    worker.addEventListener("controllerchange", settle);
    worker.addEventListener("message", (event) => {
      const view = document.querySelector("[data-keep]");
      if (view && view.dataset.keep === event.data.kept) view.hidden = false;
    });
  }
})();
