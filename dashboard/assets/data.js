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
  };

  const follow = async (address, dry) => {
    const answer = await fetch(address);
    if (!answer.ok) return fail(answer);
    const job = await answer.json();
    if (["done", "failed", "interrupted"].includes(job.state)) return finished(job, dry);
    show(line(job.step || word("sending")));
    setTimeout(() => follow(address, dry), 700);
  };

  const send = async (files, dry) => {
    if (!files.length) return;
    const body = new FormData();
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
    send(event.dataTransfer.files, false);
  });
})();
