/* Addresses without reloading, keys, live search, dialogs. No logic: acts are addresses. */
(function () {
  const lotgraph = (window.lotgraph = window.lotgraph || {});

  lotgraph.go = function (href, replace) {
    // Without a connection Dash shows nothing new; what was kept is a page of its own.
    if (lotgraph.isKept() || (!navigator.onLine && document.querySelector(".kept:not([hidden])"))) return lotgraph.open(href);
    history[replace ? "replaceState" : "pushState"]({}, "", href);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
  };

  lotgraph.setParam = function (name, value, replace) {
    const url = new URL(location.href);
    if (value === null || value === "") url.searchParams.delete(name);
    else url.searchParams.set(name, value);
    lotgraph.go(url.pathname + url.search, replace);
  };

  const typing = (target) =>
    target.closest && target.closest("input, textarea, select, [contenteditable=true], dialog");
  const field = () => document.getElementById("number") || document.getElementById("search");

  document.addEventListener("click", function (event) {
    if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const row = event.target.closest("tr[data-href]");
    const anchor = event.target.closest("a[href]") || null;
    const dialog = event.target.closest("dialog");
    if (event.target.closest("#help-button")) return document.getElementById("help").showModal();
    if (event.target.closest("#help-close")) return dialog.close();
    if (event.target.closest("#keys-switch")) return lotgraph.switchKeys();
    const print = event.target.closest("[data-print]");
    if (print) {
      document.body.classList.toggle("print-label", print.dataset.print === "label");
      return window.print();
    }
    if (event.target.closest("[data-copy]")) {
      const holder = event.target.closest("[data-copy]");
      navigator.clipboard.writeText(holder.getAttribute("data-copy"));
      return;
    }
    if (event.target.closest(".close-notice")) {
      document.getElementById("notice").replaceChildren();
      return;
    }
    if (row && !anchor) return lotgraph.go(row.dataset.href);
    if (!anchor || anchor.target || anchor.hasAttribute("download") || anchor.dataset.reload) return;
    const url = new URL(anchor.href, location.href);
    if (url.origin !== location.origin || url.pathname.startsWith("/api/") || anchor.getAttribute("href").startsWith("#")) return;
    event.preventDefault();
    lotgraph.go(url.pathname + url.search);
  });

  /* A scanner types fast and ends with Enter: the text is looked up at once, and opened if it is one. */
  let waiting = 0;
  document.addEventListener("input", function (event) {
    if (event.target.id !== "number") return;
    clearTimeout(waiting);
    waiting = setTimeout(() => lotgraph.setParam("q", event.target.value.trim(), true), 150);
  });
  document.addEventListener("submit", function (event) {
    const form = event.target.closest("form[role=search]");
    if (!form) return;
    event.preventDefault();
    clearTimeout(waiting);
    const text = form.querySelector("input").value.trim();
    if (!text) return;
    lotgraph.go("/?" + new URLSearchParams({ q: text, open: "1" }));
    if (form.querySelector("#search")) form.querySelector("#search").blur();
  });

  const off = () => localStorage.getItem("lotgraph-keys") === "off";
  lotgraph.switchKeys = function () {
    localStorage.setItem("lotgraph-keys", off() ? "on" : "off");
    document.getElementById("keys-switch").setAttribute("aria-pressed", String(off()));
  };

  function move(step) {
    const rows = [...document.querySelectorAll("tr[data-href]")];
    if (!rows.length) return false;
    const now = rows.findIndex((row) => row.classList.contains("chosen"));
    rows.forEach((row) => row.classList.remove("chosen"));
    const next = rows[Math.max(0, Math.min(rows.length - 1, now + step))];
    next.classList.add("chosen");
    next.scrollIntoView({ block: "nearest" });
    return true;
  }

  let afterG = 0;
  document.addEventListener("keydown", function (event) {
    const key = event.key;
    if (key === " " && event.target.getAttribute && event.target.getAttribute("role") === "switch") {
      event.preventDefault();
      return event.target.click();
    }
    if (event.target.id === "number" && (key === "ArrowDown" || key === "ArrowUp")) {
      if (move(key === "ArrowDown" ? 1 : -1)) event.preventDefault();
      return;
    }
    if (event.target.id === "number" && key === "Enter") {
      const chosen = document.querySelector("tr.chosen[data-href]");
      if (chosen) { event.preventDefault(); event.stopPropagation(); lotgraph.go(chosen.dataset.href); }
      return;
    }
    if (off() || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (key === "/") { event.preventDefault(); field().focus(); field().select(); return; }
    if (key === "?") return document.getElementById("help").showModal();
    if (key === "g") { afterG = Date.now(); return; }
    if (Date.now() - afterG < 1200) {
      const page = document.querySelector(`.nav[data-key="${key}"]`);
      afterG = 0;
      if (page) return page.click();
    }
    const act = document.querySelector(`tr.chosen [data-act="${key}"]`) || document.querySelector(`[data-act="${key}"]`);
    if (act) { event.preventDefault(); act.click(); return; }
    if (key === "ArrowDown" || key === "ArrowUp") {
      if (!event.target.closest(".ag-root, canvas") && move(key === "ArrowDown" ? 1 : -1)) event.preventDefault();
    }
    if (key === "Enter" && event.target === document.body) {
      const chosen = document.querySelector("tr.chosen[data-href]");
      if (chosen) lotgraph.go(chosen.dataset.href);
    }
  });

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    lotgraph: Object.assign({}, (window.dash_clientside || {}).lotgraph, {
      toggleTheme: function () {
        const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
        document.cookie = `lotgraph_theme=${next}; path=/; max-age=31536000; samesite=lax`;
        window.lotgraphTheme(next);
        return next;
      },
    }),
  });
})();
