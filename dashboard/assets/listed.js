/* Lists of the service inside a page: fetched by the reader's own session, shown as a table. */
(function () {
  const cell = (value) =>
    value === null || value === undefined || value === false ? "–"
      : value === true ? "✓" : Array.isArray(value) ? value.join(", ") : String(value);

  /* A moment on the plant's own clock, in the reader's form. */
  const local = (stamp, zone) => {
    const at = new Date(stamp);
    if (!zone || Number.isNaN(at.getTime())) return cell(stamp);
    const tongue = document.documentElement.lang === "zh-CN" ? "sv-SE" : "en-GB";
    return new Intl.DateTimeFormat(tongue, {
      timeZone: zone, year: "numeric", month: tongue === "sv-SE" ? "2-digit" : "short", day: "2-digit",
      hour: "2-digit", minute: "2-digit", second: "2-digit",
    }).format(at);
  };

  const fill = async (box) => {
    box.dataset.begun = "yes";
    const answer = await fetch(box.dataset.list, { headers: { Accept: "application/json" } });
    if (!answer.ok) return (box.textContent = box.dataset.failed);
    const rows = (await answer.json()).rows;
    const last = Number(box.dataset.last) || rows.length;
    const heads = JSON.parse(box.dataset.columns);
    const words = JSON.parse(box.dataset.words || "{}");
    if (!rows.length) return (box.textContent = box.dataset.none);
    const made = document.createElement("table");
    made.className = "table";
    const head = made.createTHead().insertRow();
    for (const name of Object.values(heads)) {
      const th = head.appendChild(document.createElement("th"));
      th.scope = "col";
      th.textContent = name;
    }
    const body = made.createTBody();
    for (const row of rows.slice(-last).reverse()) {
      const line = body.insertRow();
      Object.keys(heads).forEach((name, at) => {
        const td = line.insertCell();
        const shown = name === "at" ? local(row[name], box.dataset.zone) : cell(row[name]);
        if (name === "event" && words[shown]) {
          td.title = shown;
          return (td.textContent = words[shown]);
        }
        if (at || !box.dataset.goes) return (td.textContent = shown);
        const anchor = td.appendChild(document.createElement("a"));
        anchor.href = box.dataset.goes.replace(/%7B([a-z_]+)%7D|\{([a-z_]+)\}/g, (_, one, two) => encodeURIComponent(row[one || two]));
        anchor.textContent = shown;
      });
    }
    const around = document.createElement("div");
    around.className = "table-box";
    around.append(made);
    box.replaceChildren(around);
  };

  new MutationObserver(() =>
    document.querySelectorAll("[data-list]:not([data-begun])").forEach(fill),
  ).observe(document, { childList: true, subtree: true });
})();
