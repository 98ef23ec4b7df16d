/* The floor page: built from what stands in #floor, so that it works without a connection. The service
   decides; where nobody answers, the device stops what it knows to be wrong and keeps the rest. */
(function () {
  const lotgraph = (window.lotgraph = window.lotgraph || {});
  const SCANNER_MS = 60, RETRY = 15000, DAY = 86400000, FRESH = 60000, CLOCK = 2 * 60000;
  let spec = null, plan = null, root = null, store = null;

  /* ------------------------------------------------------------------ small parts */

  const make = (tag, attributes = {}, ...parts) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes))
      if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
      else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
    made.append(...parts.flat(Infinity).filter((part) => part !== null && part !== undefined && part !== false));
    return made;
  };
  const icon = (name) => make("i", { class: "icon " + name, "aria-hidden": "true" });
  const say = (name, values = {}) =>
    spec.text[name].replace(/\$([a-z]+)/g, (whole, key) => (key in values ? values[key] : whole));
  const who = () => (document.querySelector(".visitor") || {}).title || "";
  const day = (us) => (us === null || us === undefined ? "" : new Date(us / 1000).toLocaleDateString("sv-SE", { timeZone: plan.zone }));
  const clock = (ms) => new Date(ms).toLocaleString("sv-SE", { timeZone: plan ? plan.zone : undefined }).slice(5, 16);
  const amount = (entry) => (entry.quantity === null || entry.quantity === undefined ? "" : `${entry.quantity} ${entry.uom || ""}`.trim());
  const told = (entry) =>
    [spec.names[entry.step], entry.item, entry.lot_no || entry.code, amount(entry), entry.order].filter(Boolean).join(" · ");
  lotgraph.floorParts = { make, icon, say, who, clock, told };

  /* ------------------------------------------------------------------ what the device knows */

  const fold = (text) => (text || "").normalize("NFKC").trim().toLowerCase();
  const number = (code) => {
    try { return decodeURIComponent(new URL(code).searchParams.get("lot").split("/")[2]); } catch { /* no label of ours */ }
    const gs1 = /\(10\)([^(]+)/.exec(code);
    return gs1 ? gs1[1] : code;
  };
  const orderOf = (no) => plan && plan.orders.find((one) => fold(one.no) === fold(no));
  const lotsOf = (code) => (plan ? plan.lots.filter((one) => fold(one.no) === fold(number(code)) || one.key === code) : []);
  const useful = (lot) => !lot.blocked && !(lot.expiry !== null && lot.expiry / 1000 + DAY <= Date.now());
  const proposals = (order) => {
    const found = new Map();
    for (const lot of plan.lots)
      if ((order.needs || []).includes(lot.item) && useful(lot) && !found.has(lot.item)) found.set(lot.item, lot);
    return [...found.values()];
  };
  const firstOf = (item) => plan && plan.lots.find((lot) => lot.item === item && useful(lot));

  /* What is known to be wrong, for when the service cannot be asked. */
  const stopsHere = (entry) => {
    if (!plan || !spec.uses.includes(entry.step)) return [];
    const lots = lotsOf(entry.code), order = entry.order && orderOf(entry.order), found = [];
    if (order && order.needs && lots.length && !lots.some((lot) => order.needs.includes(lot.item)))
      found.push(say("stop_wrong_item", { item: lots[0].item, order: order.no }));
    for (const lot of lots.length === 1 ? lots : []) {
      if (lot.blocked) found.push(say("stop_blocked", { lot: lot.no }));
      else if (!useful(lot)) found.push(say("stop_expired", { lot: lot.no, day: day(lot.expiry) }));
    }
    return found;
  };

  const refresh = async () => {
    const known = await store.plan();
    if (known && known.me === who()) plan = known;
    if (plan && Date.now() - plan.got < FRESH) return;
    const told = await lotgraph.ask("/api/v1/floor/plan");
    if (!told) return;
    plan = { ...told, got: Date.now() };
    await store.keepPlan(plan);
  };

  /* ------------------------------------------------------------------ fields */

  const lists = {
    orders: () => plan.orders.map((one) => [one.no, one.item]),
    items: () => plan.items.map((one) => [one.code, one.name]),
    places: () => plan.places.map((one) => [one.code, one.name]),
    suppliers: () => plan.suppliers.map((one) => [one.code, one.name]),
    customers: () => plan.customers.map((one) => [one.code, one.name]),
  };
  const input = (field) => {
    const common = { name: field.name, required: field.required, autocomplete: "off", autocapitalize: "off", spellcheck: "false" };
    if (field.kind === "choice")
      return make("select", common, field.options.map(([value, label]) => make("option", { value }, label)));
    if (field.kind === "number") return make("input", { ...common, type: "number", inputmode: "decimal", min: "0", step: "any" });
    if (field.kind === "day") return make("input", { ...common, type: "date" });
    const made = make("input", { ...common, type: "text", enterkeyhint: "next" });
    if (lists[field.kind] && plan) made.setAttribute("list", "floor-" + field.kind);
    if (field.kind === "scan") made.placeholder = spec.text.scan_hint;
    return made;
  };
  const labelled = (field) => {
    const made = input(field);
    const box = make("label", { class: "field-label" }, make("span", {}, field.label + (field.required ? " *" : "")), made);
    if (field.kind !== "scan") return box;
    const open = make("button", { type: "button", class: "button camera-button", "aria-label": spec.text.camera, title: spec.text.camera,
      onclick: () => lotgraph.camera(spec.text, (code) => {
        made.value = code;
        made.dataset.scanned = "1";
        made.dispatchEvent(new Event("change", { bubbles: true }));
      }) }, icon("scan"));
    watchScanner(made);
    return make("div", { class: "scan-line" }, box, open);
  };
  /* A wedge scanner types faster than a person and ends with Enter. */
  const watchScanner = (field) => {
    let first = 0;
    field.addEventListener("input", () => {
      if (field.value.length <= 1) first = Date.now();
      field.dataset.scanned = field.value.length > 3 && Date.now() - first < SCANNER_MS * field.value.length ? "1" : "";
      field.dataset.lot = "";
    });
  };
  const dataLists = () =>
    Object.entries(lists).map(([name, rows]) =>
      make("datalist", { id: "floor-" + name }, plan ? rows().map(([value, label]) => make("option", { value, label: label || value })) : []));

  /* ------------------------------------------------------------------ a step */

  const people = () => {
    const names = [who(), ...(plan ? plan.people : [])];
    const choose = (name, options, label) =>
      make("label", { class: "field-label" }, make("span", {}, label), make("select", { name }, options));
    const own = names.map((name) => make("option", { value: name }, name));
    const others = [make("option", { value: "" }, spec.text.nobody), ...names.slice(1).map((name) => make("option", { value: name }, name))];
    const said = make("span", {}, say("confirm", { name: who() }));
    const box = choose("responsible", own, spec.text.responsible);
    box.querySelector("select").addEventListener("change", (event) => (said.textContent = say("confirm", { name: event.target.value })));
    return make("fieldset", { class: "people" }, box, choose("second_person", others, spec.text.second),
      make("label", { class: "confirm" }, make("input", { type: "checkbox", name: "confirmed", required: true }), said));
  };

  const stepView = (step) => {
    const hint = make("div", { class: "floor-hint", role: "status", "aria-live": "polite" });
    const alert = make("div", { class: "floor-alert", role: "alert" });
    const asked = make("div", { class: "floor-asked" });
    const usual = step.fields.filter((field) => !field.more), seldom = step.fields.filter((field) => field.more);
    const form = make("form", { class: "floor-form form", novalidate: true }, dataLists(),
      usual.map((field) => field.name === "uom" ? null : field.name !== "quantity" ? [labelled(field), field.kind === "scan" ? hint : null]
        : make("div", { class: "pair" }, labelled(field), labelled(usual.find((one) => one.name === "uom")))),
      seldom.length ? make("details", {}, make("summary", {}, spec.text.more), seldom.map(labelled)) : null,
      people(), alert, asked,
      make("button", { type: "submit", class: "button stop big" }, icon(step.icon), make("b", {}, spec.text.record)));
    const look = () => hints(form, step, hint);
    form.addEventListener("change", look);
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
      event.preventDefault();
      event.target.dispatchEvent(new Event("change", { bubbles: true }));
      const open = [...form.querySelectorAll("input:not([type=checkbox])")].filter((one) => !one.value && one.offsetParent);
      if (open.length) open[0].focus();
    });
    const doing = { entry: null };
    form.addEventListener("submit", (event) => { event.preventDefault(); submit(form, step, doing, alert, asked); });
    look();
    return make("section", { class: "panel floor-step" },
      make("div", { class: "panel-head" },
        make("button", { type: "button", class: "back", "aria-label": spec.text.back, onclick: () => go("") }, "‹"),
        make("h2", {}, step.label)),
      make("div", { class: "panel-body" }, form));
  };

  /* Beside the label: what the device knows of it, and what expires first. */
  const hints = (form, step, hint) => {
    if (!plan) return hint.replaceChildren();
    const code = form.code ? form.code.value.trim() : "", lots = code ? lotsOf(code) : [], parts = [];
    const order = form.order && orderOf(form.order.value);
    for (const lot of lots) {
      const item = plan.items.find((one) => one.code === lot.item) || {};
      parts.push(make("p", {}, [item.name || lot.item, lot.no, `${lot.quantity} ${lot.uom || ""}`, lot.place,
        lot.expiry !== null ? say("expires", { day: day(lot.expiry) }) : "", lot.blocked ? spec.text.blocked : ""].filter(Boolean).join(" · ")));
      if (form.uom && !form.uom.value) form.uom.placeholder = lot.uom || "";
    }
    const rows = step.name === "issue" && order ? proposals(order)
      : step.name === "ship" && lots.length === 1 ? [firstOf(lots[0].item)].filter((lot) => lot && lot.key !== lots[0].key) : [];
    if (rows.length)
      parts.push(make("div", { class: "proposals" }, make("span", { class: "meta" }, spec.text.proposed), rows.map((lot) =>
        make("button", { type: "button", class: "button", onclick: () => {
          form.code.value = lot.no;
          form.code.dataset.scanned = "";
          form.code.dataset.lot = lot.key;
          hints(form, step, hint);
        } }, make("b", { class: "lot-no" }, lot.no), ` ${lot.item}`, lot.expiry !== null ? ` · ${day(lot.expiry)}` : "", lot.place ? ` · ${lot.place}` : ""))));
    hint.replaceChildren(...parts);
  };

  const entered = (form, step) => {
    const entry = { id: store.number(), step: step.name, at: Date.now(), who: who() };
    for (const [name, value] of new FormData(form)) {
      const text = String(value).trim();
      if (name === "confirmed" || text === "") continue;
      entry[name] = name === "quantity" ? Number(text) : text;
    }
    if (entry.responsible === who()) delete entry.responsible;
    if (form.code) {
      entry.scanned = form.code.dataset.scanned === "1";
      if (form.code.dataset.lot) entry.lot = form.code.dataset.lot;
      const lots = entry.code ? lotsOf(entry.code) : [];
      const first = lots.length === 1 && firstOf(lots[0].item);
      if (first && spec.uses.includes(step.name)) entry.proposed = first.key;
    }
    return entry;
  };

  const missing = (form) =>
    [...form.elements].filter((one) => one.required && (one.type === "checkbox" ? !one.checked : !one.value.trim()))
      .map((one) => one.closest("label").querySelector("span").textContent.replace(" *", ""));

  const submit = async (form, step, doing, alert, asked) => {
    const lacking = missing(form);
    alert.textContent = lacking.length ? say("missing", { what: lacking.join(", ") }) : "";
    if (lacking.length) return;
    const button = form.querySelector("button[type=submit]");
    if (button.disabled) return;
    button.disabled = true;
    // What was stopped and is sent anew with an answer is the same entry, done at the same moment.
    const entry = doing.entry = { ...entered(form, step), ...(doing.entry ? { id: doing.entry.id, at: doing.entry.at } : {}) };
    try { await record(form, step, entry, doing, alert, asked); }
    catch (error) { alert.textContent = error.message; }
    button.disabled = false;
  };

  const record = (form, step, entry, doing, alert, asked) =>
    lotgraph.alone(async () => {
      await store.put(entry);
      let answer;
      try { answer = await lotgraph.sendEntries([entry]); } catch { /* nobody answers */ }
      if (!answer) {
        const stops = stopsHere(entry);
        if (stops.length) {
          await store.remove(entry.id);
          return show(alert, spec.text.stopped, stops);
        }
        await store.put({ ...entry, waited: true });
        return done(step, say("queued", { what: told(entry) }), null);
      }
      const outcome = answer.entries[0];
      await store.remove(entry.id);
      if (Math.abs(answer.clock_off_ms || 0) > CLOCK)
        lotgraph.tell(say("clock_off", { minutes: Math.round(answer.clock_off_ms / 60000) }));
      if (outcome.state === "stopped") {
        show(alert, spec.text.stopped, outcome.reasons);
        return ask(form, outcome, asked);
      }
      if (outcome.state === "refused") {
        doing.entry = null;  // what is entered next is another entry
        return show(alert, spec.text.refused, outcome.reasons);
      }
      done(step, say(outcome.state, { what: told({ ...entry, ...outcome }) }), outcome);
    });

  const show = (alert, title, lines) => {
    alert.replaceChildren(make("b", {}, title), ...lines.map((line) => make("p", {}, line)));
    alert.scrollIntoView({ block: "center" });
  };

  /* What a stop leaves to choose: which lot, of which item, what the order makes, or going on all the same. */
  const ask = (form, outcome, asked) => {
    const again = () => form.requestSubmit();
    const parts = outcome.choices.map((one) =>
      make("button", { type: "button", class: "button wide", onclick: () => { form.code.dataset.lot = one.lot; again(); } }, `${one.item} · ${one.lot_no}`));
    if (outcome.choices.length) parts.unshift(make("b", {}, spec.text.choose));
    if (outcome.rules.includes("order_unknown")) parts.push(make("p", {}, spec.text.new_order), labelled(spec.order_item));
    if (outcome.rules.includes("lot_unknown") && !form.item) parts.push(labelled(spec.items));
    if (spec.override)
      parts.push(labelled({ name: "despite", kind: "text", label: spec.text.despite, required: false, options: [] }));
    asked.replaceChildren(...parts);
  };

  const done = (step, text, outcome) => {
    const label = make("div", { class: "floor-label" });
    const acts = [make("button", { type: "button", class: "button stop big", onclick: () => go(step.name, true) }, make("b", {}, spec.text.again)),
      make("button", { type: "button", class: "button wide", onclick: () => go("") }, spec.text.back)];
    if (outcome && outcome.lot && ["make", "receive"].includes(step.name)) lotgraph.lotLabel(outcome.lot, label);
    root.replaceChildren(make("section", { class: "panel floor-step" }, make("div", { class: "panel-body floor-done" },
      make("p", { class: "floor-said", role: "status" }, icon(outcome ? "done" : "clock"), text), label, acts)));
    lotgraph.floorCount();
  };

  /* ------------------------------------------------------------------ the page */

  const go = (name, anew) => {
    if (location.hash === "#" + name && anew) return draw();
    if (name) location.hash = name;
    else { history.replaceState(null, "", location.pathname + location.search); draw(); }
  };
  const home = () =>
    make("div", { class: "stack" },
      make("div", { class: "floor-buttons" }, spec.steps.map((step) =>
        make("button", { type: "button", class: "floor-button", "data-step": step.name, onclick: () => go(step.name) },
          icon(step.icon), make("b", {}, step.label)))),
      make("p", { class: "meta" }, plan ? say("plan_of", { when: clock(plan.at) }) : spec.text.offline),
      plan && !plan.complete ? make("p", { class: "meta", role: "note" }, spec.text.plan_cut) : null,
      lotgraph.floorLists());

  const draw = () => {
    if (!root) return;
    const step = spec.steps.find((one) => "#" + one.name === location.hash);
    root.replaceChildren(step ? stepView(step) : home());
    window.scrollTo(0, 0);
    lotgraph.floorCount();
    const field = step && root.querySelector("[name=code], [name=order]");
    if (field) field.focus({ preventScroll: true });
  };

  const begin = async (found) => {
    root = found;
    root.dataset.begun = "1";
    store = lotgraph.floorStore;
    spec = lotgraph.floorSpec = JSON.parse(root.dataset.floor);
    await refresh();
    draw();
    again();
  };
  const again = async () => {
    if (!root || !root.isConnected || !who()) return;
    if (await lotgraph.sendWaiting(who())) {
      await refresh();
      if (!location.hash) draw();
    }
    lotgraph.floorCount();
  };
  lotgraph.floorAgain = async () => { await refresh(); draw(); again(); };

  window.addEventListener("hashchange", draw);
  window.addEventListener("online", again);
  setInterval(again, RETRY);
  const look = () => {
    const found = document.querySelector("#floor:not([data-begun])");
    if (found && lotgraph.floorStore) begin(found);
  };
  new MutationObserver(look).observe(document, { childList: true, subtree: true });
  document.addEventListener("DOMContentLoaded", look);  // a page that was kept has it from the start
})();
