/* The hold list without a connection: a page that was kept is walked by what its rows tell. Each count
   waits on the device (`acts.js`); which line is next stands in the address, as it does online. */
(function () {
  if (!document.documentElement.dataset.kept) return;
  const make = (tag, attributes, ...parts) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...parts);
    return made;
  };
  const at = () => new URLSearchParams(location.search).get("at");
  const link = (key) => {
    const url = new URL(location.href);
    if (key) url.searchParams.set("at", key);
    else url.searchParams.delete("at");
    return url.pathname + url.search;
  };

  /* Form of one line, as the service would have shown it. */
  const form = (told, line, fields, submit, fixed, kind, button) => {
    const common = { recount: true, reason: told.reason };
    const made = make("form", { class: "form " + kind, "data-send": told.address, "data-method": "POST", "data-numbers": "quantity",
      "data-fixed": JSON.stringify({ ...fixed, ...common }), "data-queue": told.queued, "data-failed": told.failed,
      "data-line": line.line, "data-label": `${line.bin} ${line.lot}`, "data-done": "" },
      ...fields, make("div", { role: "alert", class: "alert" }),
      make("div", { class: "acts" }, make("button", { type: "submit", class: "button " + button }, ...submit)));
    return made;
  };
  const field = (name, label, value, hint) =>
    make("label", { class: "field-label" }, make("span", {}, label),
      make("input", { name, value, placeholder: hint, autocomplete: "off", required: "", inputmode: name === "quantity" ? "decimal" : "text" }));

  const spot = (told, line, what) => {
    const scan = form(told, line, [make("div", { class: "fields" }, field("lot", told.label, "", told.label_hint),
      field("quantity", told.amount.replace("$unit", line.unit || ""), line.expected, ""))],
      [make("i", { class: "icon scan", "aria-hidden": "true" }), make("span", {}, make("b", {}, told.confirm), make("small", {}, told.confirm_hint))],
      { hold: line.line }, "scan-form", "stop big");
    scan.dataset.scan = "lot";
    scan.dataset.match = line.lot;
    const absent = form(told, line, [], [told.not_here], { lot: line.line, quantity: 0 }, "", "wide");
    return make("section", { class: "panel next-up", "aria-label": told.next },
      make("div", { class: "row spread" }, make("span", { class: "next" }, told.next), make("span", { class: "meta" }, line.site || "")),
      make("div", { class: "row spread" }, make("span", { class: "next-bin" }, line.bin), make("div", { class: "end" }, ...what)), scan, absent);
  };

  document.addEventListener("DOMContentLoaded", () => {
    const list = document.querySelector(".hold-list[data-alone]"), shown = document.querySelector(".next-up");
    if (!list) return;
    const told = JSON.parse(list.dataset.alone);
    const lines = [...(shown && shown.dataset.line ? [{ line: { ...shown.dataset }, what: [...shown.querySelectorAll(".end > *")] }] : []),
      ...[...list.querySelectorAll(".hold-row")].map((row) => ({ line: { ...row.dataset }, row, what: [...row.querySelectorAll(".grow > *")] }))];
    const waiting = new Set(window.lotgraph.unsent().map((deed) => deed.line));
    for (const one of lines) if (one.row && waiting.has(one.line.line)) one.row.classList.add("waiting");
    const open = (one) => one.line.state === "scan" && !waiting.has(one.line.line);
    const chosen = lines.find((one) => one.line.line === at()) || lines.find(open);
    if (shown) shown.remove();
    if (chosen) list.before(spot(told, chosen.line, chosen.what.map((part) => part.cloneNode(true))));
    document.addEventListener("lotgraph-queued", (event) => {
      waiting.add(event.detail);
      const next = lines.find(open);
      location.assign(link(next && next.line.line));
    });
  });
})();
