/* A hold list that was kept: no service draws the line that is chosen, so the next place turns to it. The
   address of the list with the line's key behind `#` says which. */
(function () {
  const lotgraph = (window.lotgraph = window.lotgraph || {});
  const chosen = () => decodeURIComponent(location.hash.slice(1));
  const rowOf = (key) => document.querySelector(`.hold-row[data-turn][data-line="${CSS.escape(key)}"]`);

  const ask = (form, key, asked) => {
    const fixed = JSON.parse(form.dataset.fixed);
    fixed["hold" in fixed ? "hold" : "lot"] = key;
    Object.assign(form.dataset, { fixed: JSON.stringify(fixed), line: key, label: asked.label });
    form.querySelector("[role=alert]").textContent = "";
  };

  const turn = () => {
    if (!lotgraph.isKept()) return;
    const row = rowOf(chosen()), next = document.querySelector(".next-up"), scan = next && next.querySelector(".scan-form");
    if (!row || !scan) return;
    const asked = JSON.parse(row.dataset.turn);
    next.querySelectorAll("form[data-line]").forEach((form) => ask(form, row.dataset.line, asked));
    scan.dataset.match = asked.match;
    const amount = scan.querySelector("[name=quantity]");
    amount.value = asked.quantity;
    amount.closest("label").querySelector("span").textContent = asked.amount;
    next.querySelector(".row .meta").textContent = "";
    next.querySelector(".next-bin").textContent = row.querySelector(".bin").textContent;
    const [number, what] = row.querySelector(".grow").children;
    next.querySelector(".end").replaceChildren(number.cloneNode(true), what.cloneNode(true));
    scan.querySelector("[name=lot]").focus({ preventScroll: true });
    next.scrollIntoView({ block: "center" });
  };

  /* The list of an address with a line in it, turned to that line. */
  lotgraph.turned = (href) => {
    const url = new URL(href, location.origin), key = url.searchParams.get("at");
    if (!key || url.pathname !== "/hold") return null;
    url.searchParams.delete("at");
    return { list: url.pathname + url.search, hash: "#" + encodeURIComponent(key) };
  };

  window.addEventListener("hashchange", () => (chosen() ? turn() : lotgraph.isKept() && location.reload()));
  document.addEventListener("DOMContentLoaded", turn);
})();
