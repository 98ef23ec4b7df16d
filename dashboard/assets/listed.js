/* Lists of the service inside a page: fetched by the reader's own session, shown as a table. */
(function () {
  const cell = (value) =>
    value === null || value === undefined || value === false ? "–"
      : value === true ? "✓" : Array.isArray(value) ? value.join(", ") : String(value);

  const fill = async (box) => {
    box.dataset.begun = "yes";
    const answer = await fetch(box.dataset.list, { headers: { Accept: "application/json" } });
    if (!answer.ok) return (box.textContent = box.dataset.failed);
    const rows = (await answer.json()).rows;
    const last = Number(box.dataset.last) || rows.length;
    const heads = JSON.parse(box.dataset.columns);
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
      for (const name of Object.keys(heads)) line.insertCell().textContent = name === "at" ? cell(row[name]).slice(0, 19).replace("T", " ") : cell(row[name]);
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
