/* Import: files go to the service; its progress and findings come back. The service decides all. */
(function () {
  const told = () => document.getElementById("import-told");
  const word = (name) => told().getAttribute("data-" + name.replace("_", "-"));

  const line = (text, kind) => {
    const p = document.createElement("p");
    p.textContent = text;
    if (kind) p.className = kind;
    return p;
  };

  const table = (heads, rows) => {
    const box = document.createElement("div");
    box.className = "table-box";
    const made = box.appendChild(document.createElement("table"));
    made.className = "table";
    const head = made.createTHead().insertRow();
    heads.forEach((name) => {
      const cell = head.appendChild(document.createElement("th"));
      cell.scope = "col";
      cell.textContent = name;
    });
    const body = made.createTBody();
    rows.forEach((cells) => {
      const row = body.insertRow();
      cells.forEach((cell) => (row.insertCell().textContent = cell === null ? "–" : String(cell)));
    });
    return box;
  };

  const show = (...parts) => told().replaceChildren(...parts);

  const fail = async (answer) => {
    const problem = await answer.json().catch(() => ({}));
    show(line(word("failed") + " " + (problem.detail || problem.title || answer.status), "failed"));
  };

  /* ---- what was recognised, to be corrected by choosing ---- */

  const chosen = () => document.getElementById("import-map");
  const said = () => JSON.parse(chosen().dataset.choices);
  let waiting = [];

  const made = (name, cls, text) => {
    const node = document.createElement(name);
    if (cls) node.className = cls;
    if (text !== undefined) node.textContent = text;
    return node;
  };

  const choice = (label, options, value) => {
    const select = made("select");
    select.setAttribute("aria-label", label);
    for (const [name, shown] of options) {
      const option = select.appendChild(made("option", "", shown));
      option.value = name;
      option.selected = name === (value || "");
    }
    return select;
  };

  const fieldsOf = (all, kind) =>
    [["", all.said.none], ...(all.fields[kind] || []).map((name) => [name, all.names[name]])];

  const reason = (column, all) => {
    const cell = made("td", "meta", all.why_column[column.why] || "");
    if (column.field && !column.sure) cell.prepend(made("b", "asks", all.said.asks), made("br"));
    return cell;
  };

  const columnsOf = (table, all) => {
    const box = made("div", "table-box");
    const grid = box.appendChild(made("table", "table"));
    const head = grid.createTHead().insertRow();
    ["heading", "cells", "field", "why"].forEach((name) => {
      const cell = head.appendChild(made("th", "", all.said[name]));
      cell.scope = "col";
    });
    const body = grid.createTBody();
    for (const column of table.columns) {
      if (!column.heading && !column.samples.length && !column.field) continue;
      const row = body.insertRow();
      row.appendChild(made("td", "", column.heading || "–"));
      row.appendChild(made("td", "meta", column.samples.join(" · ")));
      const select = choice(`${all.said.field}: ${column.heading}`, fieldsOf(all, table.kind), column.field);
      select.addEventListener("change", () => {
        column.field = select.value || null;
        column.why = "chosen";
        column.sure = true;
        row.lastChild.replaceWith(reason(column, all));
      });
      row.insertCell().appendChild(select);
      row.appendChild(reason(column, all));
    }
    return box;
  };

  /* Values of fields that no column has. */
  const constantsOf = (table, all, again) => {
    const line = made("div", "chips");
    line.appendChild(made("span", "meta", all.said.above));
    for (const [name, value] of Object.entries(table.constants)) {
      const label = line.appendChild(made("label", "constant", all.names[name]));
      const input = label.appendChild(made("input"));
      input.value = value;
      input.addEventListener("input", () => (table.constants[name] = input.value));
    }
    const taken = new Set([...table.columns.map((one) => one.field), ...Object.keys(table.constants)]);
    const free = (all.fields[table.kind] || []).filter((name) => !taken.has(name));
    const add = choice(all.said.add, [["", all.said.add], ...free.map((name) => [name, all.names[name]])]);
    add.addEventListener("change", () => {
      table.constants[add.value] = "";
      again();
    });
    line.appendChild(add);
    return line;
  };

  const tableOf = (table, all, count) => {
    const box = made("fieldset", "mapped");
    const again = () => {
      const place = [table.file, table.sheet, count > 1 ? `#${table.row}` : ""].filter(Boolean).join(" · ");
      const legend = made("legend", "", place);
      const top = made("div", "chips");
      const kinds = [["", all.said.left_out], ...Object.entries(all.kinds)];
      const kind = choice(all.said.kind, kinds, table.kind);
      kind.addEventListener("change", () => {
        table.kind = kind.value || null;
        table.why = "chosen";
        table.sure = true;
        const fields = all.fields[table.kind] || [];
        for (const column of table.columns) if (!fields.includes(column.field)) column.field = null;
        for (const name of Object.keys(table.constants)) if (!fields.includes(name)) delete table.constants[name];
        again();
      });
      top.append(made("b", "", all.said.kind), kind);
      top.appendChild(made("span", "meta", (all.why_kind[table.why] || "").replace("{said}", table.said)));
      if (!table.sure) top.appendChild(made("b", "asks", all.said.asks));
      const apart = table.totals.length + table.notes.length;
      top.appendChild(made("span", "meta", `${table.rows} ${all.said.rows}` + (apart ? ` · ${all.said.apart} ${apart}` : "")));
      const parts = [legend, top];
      if (table.kind) {
        const order = choice(all.said.dates, Object.entries(all.orders), table.dates);
        order.addEventListener("change", () => (table.dates = order.value));
        const dates = made("label", "constant", all.said.dates);
        dates.appendChild(order);
        const more = constantsOf(table, all, again);
        more.prepend(dates);
        parts.push(columnsOf(table, all), more);
      }
      box.replaceChildren(...parts);
    };
    again();
    return box;
  };

  const propose = (tables) => {
    if (!tables || !tables.length) return chosen().replaceChildren();
    const all = said();
    const open = tables.reduce((sum, table) =>
      sum + !table.sure + table.columns.filter((one) => one.field && !one.sure).length, 0);
    const keep = made("label", "field-label", all.said.keep);
    const name = keep.appendChild(made("input"));
    keep.appendChild(made("span", "meta", all.said.keep_hint));
    name.maxLength = 100;
    const load = made("button", "button stop", all.said.load);
    load.type = "button";
    load.addEventListener("click", () => send(waiting, false, tables, name.value.trim()));
    const tell = all.said.hint + (open ? ` ${all.said.to_confirm} ${open}` : "");
    chosen().replaceChildren(
      made("h3", "", all.said.title), line(tell, "meta"),
      ...tables.map((table) => tableOf(table, all, tables.filter((one) => one.sheet === table.sheet).length)),
      keep, load,
    );
  };

  const finished = (job, dry) => {
    if (job.error) return show(line(word("failed") + " " + job.error.message, "failed"));
    const result = job.result;
    const sheets = Object.entries(result.sheets).map(([name, count]) => [
      name, count.read, count.loaded, count.already_known, count.set_aside,
    ]);
    const parts = [
      line(dry ? word("dry_done") : result.batch ? word("done") + " #" + result.batch : word("nothing_new")),
      table([word("sheet"), word("read"), word("loaded"), word("known"), word("aside")], sheets),
    ];
    if (result.findings.length) {
      parts.push(line(word("findings") + " " + result.findings.length));
      parts.push(table(
        [word("file"), word("sheet"), word("row"), word("value"), word("reason"), word("repair")],
        result.findings.map((one) => [one.file, one.sheet, one.row, one.value, one.text, one.repair]),
      ));
    } else parts.push(line(word("no_findings")));
    show(...parts);
    propose(dry ? result.tables : []);
  };

  const follow = async (address, dry) => {
    const answer = await fetch(address);
    if (!answer.ok) return fail(answer);
    const job = await answer.json();
    if (["done", "failed", "interrupted"].includes(job.state)) return finished(job, dry);
    show(line(job.step || word("sending")));
    setTimeout(() => follow(address, dry), 700);
  };

  const send = async (files, dry, tables, name) => {
    if (!files.length) return;
    waiting = [...files];
    const body = new FormData();
    if (tables) body.append("mapping", JSON.stringify(tables));
    if (name) body.append("keep_as", name);
    chosen().replaceChildren();
    for (const file of files) body.append("files", file, file.name);
    body.append("dry_run", dry ? "true" : "false");
    show(line(word("sending")));
    const answer = await fetch("/api/v1/imports", { method: "POST", body });
    if (!answer.ok) return fail(answer);
    const job = await answer.json();
    follow("/api/v1/imports/" + encodeURIComponent(job.id), dry);
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-import]");
    if (!button) return;
    const input = document.createElement("input");
    input.type = "file";
    input.multiple = true;
    input.accept = ".xlsx,.xls,.csv,.txt,.tsv,.json";
    input.addEventListener("change", () => send(input.files, button.dataset.import === "dry"));
    input.click();
  });

  document.addEventListener("dragover", (event) => {
    if (event.target.closest("#import-drop")) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    if (!event.target.closest("#import-drop")) return;
    event.preventDefault();
    send(event.dataTransfer.files, true);
  });
})();
