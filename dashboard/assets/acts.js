/* Deeds: a form goes to the service as it stands, by the reader's own session; the service decides.
   What a phone cannot send waits here, is counted on the page and sent later. */
(function () {
  const lotgraph = (window.lotgraph = window.lotgraph || {});
  const KEPT = "lotgraph-unsent", RETRY = 15000, SCANNER_MS = 60;

  const put = (into, path, value) => {
    const last = path.length - 1;
    path.slice(0, last).forEach((name) => (into = into[name] = into[name] || {}));
    into[path[last]] = value;
  };

  const typed = (form, name, raw) => {
    if ((form.dataset.numbers || "").split(" ").includes(name)) return Number(raw);
    if ((form.dataset.lists || "").split(" ").includes(name))
      return raw.split(/[\n,;，；]/).map((one) => one.trim()).filter(Boolean);
    return raw === "true" ? true : raw === "false" ? false : raw;
  };

  const body = (form) => {
    const made = JSON.parse(form.dataset.fixed || "{}");
    if (form.dataset.toml) {
      const given = Object.fromEntries(new FormData(form));
      return Object.assign(made, { [form.dataset.toml]: toml(given), reason: given.reason });
    }
    for (const [name, raw] of new FormData(form))
      if (raw !== "") put(made, name.split("."), typed(form, name, raw));
    return made;
  };

  /* Figures by place, type and way as the TOML of a table of costs; a figure left empty is none. */
  const toml = (made) => {
    const quoted = (value) => JSON.stringify(String(value));
    const figures = {};
    const lines = [];
    const add = (place, type, way, figure) => {
      const value = Number(figure);
      if (figure !== "" && figure !== undefined)
        put(figures, [place, type, way], Number.isFinite(value) ? value : quoted(figure));
    };
    for (const [name, value] of Object.entries(made)) {
      const path = name.split(".");
      if (path.length === 3) add(...path, value);
      else if (["currency", "date", "source"].includes(name)) lines.push(`${name} = ${quoted(value)}`);
    }
    if (made.new_place) add(made.new_place, made.new_type, made.new_way, made.new_figure);
    for (const [place, types] of Object.entries(figures)) {
      lines.push(`[${place}]`);
      for (const [type, ways] of Object.entries(types))
        lines.push(`${quoted(type)} = { ${Object.entries(ways).map(([way, value]) => `${way} = ${value}`).join(", ")} }`);
    }
    return lines.join("\n") + "\n";
  };

  /* {name} in addresses and $name in words, by what was sent or answered. */
  const fill = (pattern, answer) =>
    pattern.replace(/\{([a-z_.]+)\}|\$([a-z_]+(?:\.[a-z_]+)*)/g, (_, inside, bare) =>
      (inside || bare).split(".").reduce((value, name) => (value === null || value === undefined ? value : value[name]), answer) ?? "");

  lotgraph.again = () =>
    lotgraph.isKept() ? lotgraph.open(location.pathname + location.search) : window.dash_clientside.set_props("acted", { data: Date.now() });

  lotgraph.tell = function (text) {
    const notice = document.getElementById("notice");
    const box = document.createElement("div");
    box.className = "notice";
    box.append(text);
    notice.replaceChildren(box);
    setTimeout(() => box.remove(), 6000);
  };

  /* The answer of the service: {ok, status} with answer or problem; throws where nobody answers. */
  const deliver = async (deed) => {
    const search = deed.method === "DELETE" ? "?" + new URLSearchParams(deed.body) : "";
    const reply = await fetch(deed.address + search, {
      method: deed.method,
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: search ? undefined : JSON.stringify(deed.body),
    });
    if (reply.status === 401) {
      location.assign("/login?next=" + encodeURIComponent(location.pathname + location.search));
      throw new Error("signed out");
    }
    const answer = await reply.json().catch(() => ({}));
    if (reply.ok) return { ok: true, status: reply.status, answer };
    const at = (answer.errors || []).map((one) => one.message || one.text || "").join(" ");
    return { ok: false, status: reply.status, problem: [answer.title, answer.detail, at].filter(Boolean).join(" ") || String(reply.status) };
  };

  lotgraph.deliver = deliver;
  lotgraph.isLater = (status) => isLater(status);

  const say = (form, text) => {
    const box = form.querySelector("[role=alert]");
    if (box) box.textContent = text;
  };

  const done = (form, answer) => {
    if (form.dataset.done) lotgraph.tell(fill(form.dataset.done, answer));
    const then = form.dataset.then ? fill(form.dataset.then, answer) : "";
    if (then && then !== location.pathname + location.search) lotgraph.go(then, form.dataset.replace === "true");
    else lotgraph.again();
  };

  /* ------------------------------------------------------------------ what waits to be sent */

  const who = () => (document.querySelector(".visitor") || {}).title || "";
  const kept = () => JSON.parse(localStorage.getItem(KEPT) || "[]");
  const keep = (list) => {
    localStorage.setItem(KEPT, JSON.stringify(list));
    count();
  };
  lotgraph.unsent = () => kept().filter((deed) => !deed.refused);
  const count = () => {
    showRefused();
    document.querySelectorAll("[data-unsent]").forEach((box) => {
      const waiting = lotgraph.unsent().length;
      const text = waiting ? box.dataset.unsent.replace("$count", waiting) : "";
      if (box.textContent !== text) box.textContent = text;
    });
    for (const deed of lotgraph.unsent()) {
      const row = document.querySelector(`.hold-row[data-line="${CSS.escape(deed.line)}"]`);
      if (row) row.classList.add("waiting");
    }
  };

  /* What the service refused stays before the person who did it, until they have seen to it. */
  const showRefused = () => {
    const refused = kept().filter((deed) => deed.refused && deed.who === who());
    const shown = document.getElementById("refused");
    const told = refused.map((deed) => deed.id).join(" ");
    if (!refused.length) return shown && shown.remove();
    if (shown && shown.dataset.told === told) return;
    const frame = document.querySelector("[data-refused]"), page = document.getElementById("page");
    if (!frame || !page) return;
    const made = document.createElement("section");
    made.id = "refused";
    made.className = "panel refused";
    made.dataset.told = told;
    made.setAttribute("role", "alert");
    const title = made.appendChild(document.createElement("h2"));
    title.textContent = frame.dataset.refused;
    for (const deed of refused) {
      const row = made.appendChild(document.createElement("div"));
      row.append(`${deed.label}: ${deed.refused} `);
      const button = row.appendChild(document.createElement("button"));
      button.type = "button";
      button.className = "button";
      button.textContent = frame.dataset.seen;
      button.addEventListener("click", () => forget(deed.id));
    }
    if (shown) shown.remove();
    page.before(made);
  };

  /* Each deed goes by its own id: another window of this browser may send the same list. What the
     service cannot take just now (too busy, being mended) stays. */
  const named = () => Array.from(crypto.getRandomValues(new Uint32Array(3)), (part) => part.toString(36)).join("");
  const forget = (id) => keep(kept().filter((deed) => deed.id !== id));
  const isLater = (status) => [408, 423, 429].includes(status) || status >= 500;
  const alone = (work) =>
    navigator.locks ? navigator.locks.request(KEPT, { ifAvailable: true }, (lock) => lock && work()) : work();

  let sending = false;
  const sendKept = async () => {
    if (sending || !lotgraph.unsent().some((deed) => deed.who === who())) return;
    sending = true;
    try { await alone(sendAll); } finally { sending = false; }
  };
  const sendAll = async () => {
    let sent = 0;
    try {
      for (const deed of lotgraph.unsent().filter((one) => one.who === who())) {
        // By how long ago: what the clock of a phone says need not be the time of day.
        const ago = Math.max(0, (Date.now() - deed.at) / 1000);
        const reply = await deliver({ ...deed, body: deed.at ? { ...deed.body, ago } : deed.body });
        if (isLater(reply.status)) break;
        if (reply.ok) forget(deed.id);
        else keep(kept().map((one) => (one.id === deed.id ? { ...one, refused: reply.problem } : one)));
        sent += 1;
      }
    } catch { /* still nobody answers: it is tried again */ }
    if (sent) lotgraph.again();
  };
  window.addEventListener("online", sendKept);
  setInterval(sendKept, RETRY);

  /* Without a connection only the very number on the list can be taken for it. */
  const plain = (text) => text.normalize("NFKC").replace(/\s/g, "").toUpperCase();
  const matches = (form, made) => !form.dataset.match || plain(made.lot || "") === plain(form.dataset.match);

  const later = (form, deed) => {
    if (!form.dataset.queue || !matches(form, deed.body)) return say(form, form.dataset.failed || "");
    const about = { id: named(), who: who(), at: Date.now(), label: form.dataset.label || "", line: form.dataset.line || "" };
    keep([...kept(), Object.assign(about, deed)]);
    say(form, form.dataset.queue);
    form.querySelectorAll("input").forEach((input) => (input.value = ""));
  };

  /* ------------------------------------------------------------------ forms */

  let first = 0;
  document.addEventListener("input", (event) => {
    if (event.target.value && event.target.value.length === 1) first = Date.now();
  });

  /* What is only looked at goes into the address: each field under its name, or all of them by a
     pattern as one more value of `param`. */
  document.addEventListener("submit", function (event) {
    const form = event.target.closest("form[data-address]");
    if (!form) return;
    event.preventDefault();
    const url = new URL(form.dataset.address, location.href);
    const given = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value.trim()]));
    if (form.dataset.pattern) url.searchParams.append(form.dataset.param, fill(form.dataset.pattern, given));
    else for (const [name, value] of Object.entries(given)) {
      if (value) url.searchParams.set(name, value);
      else url.searchParams.delete(name);
    }
    lotgraph.go(url.pathname + url.search);
  });

  document.addEventListener("submit", async function (event) {
    const form = event.target.closest("form[data-send]");
    if (!form) return;
    event.preventDefault();
    const made = body(form);
    if (form.dataset.scan) {
      const length = (made[form.dataset.scan] || "").length;
      made.scanned = length > 3 && Date.now() - first < SCANNER_MS * length;
    }
    const deed = { address: fill(form.dataset.send, made), method: form.dataset.method || "POST", body: made };
    for (const [, name] of form.dataset.send.matchAll(/\{([a-z_]+)\}/g)) delete made[name];
    const button = form.querySelector("button[type=submit]");
    if (button) button.disabled = true;
    say(form, "");
    try {
      const reply = await deliver(deed);
      if (reply.ok) done(form, reply.answer);
      else say(form, reply.problem);
    } catch { later(form, deed); }
    if (button) button.disabled = false;
  });

  /* Files are made when they are asked for; what cannot be made is told here, not on a blank page. */
  const save = async (address, making) => {
    if (making) lotgraph.tell(making);
    const reply = await fetch(address).catch(() => null);
    if (!reply) return;
    if (!reply.ok) {
      const problem = await reply.json().catch(() => ({}));
      return lotgraph.tell([problem.title, problem.detail].filter(Boolean).join(" ") || String(reply.status));
    }
    const named = /filename\*=UTF-8''([^;]+)/.exec(reply.headers.get("content-disposition") || "");
    const anchor = document.createElement("a");
    anchor.href = URL.createObjectURL(await reply.blob());
    anchor.download = named ? decodeURIComponent(named[1]) : "";
    anchor.click();
    setTimeout(() => URL.revokeObjectURL(anchor.href), 1000);
    if (making) document.getElementById("notice").replaceChildren();
  };
  document.addEventListener("click", (event) => {
    const anchor = event.target.closest("a[data-file]");
    if (!anchor) return;
    event.preventDefault();
    save(anchor.href, anchor.dataset.making);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-file]");
    if (!form) return;
    event.preventDefault();
    save(form.dataset.file + "?" + new URLSearchParams(new FormData(form)), form.dataset.making);
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const close = document.querySelector("[data-close]");
    if (close && !document.querySelector("dialog[open]")) { event.preventDefault(); close.click(); }
  });

  new MutationObserver(count).observe(document, { childList: true, subtree: true });
  document.addEventListener("DOMContentLoaded", () => { count(); sendKept(); });
})();
