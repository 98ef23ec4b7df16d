/* Below the buttons of the floor page: what waits here, what others ask, what was recorded, the hours. */
(function () {
  const lotgraph = (window.lotgraph = window.lotgraph || {});
  const SHOWN = 12;

  const read = async (path) => ((await lotgraph.ask("/api/v1/floor/" + path)) || {}).rows || null;
  const said = (number, kind, reason) =>
    lotgraph.deliver({ address: `/api/v1/floor/entries/${encodeURIComponent(number)}/answer`, method: "POST", body: { kind, reason } });

  const parts = () => lotgraph.floorParts;
  const panel = (title, rows) => {
    const { make } = parts();
    return make("section", { class: "panel" }, make("div", { class: "panel-head" }, make("h2", {}, title)),
      make("div", { class: "floor-list" }, rows));
  };
  const button = (label, act, kind = "small") => parts().make("button", { type: "button", class: "button " + kind, onclick: act }, label);

  const answer = async (number, kind, reason) => {
    const reply = await said(number, kind, reason).catch(() => null);
    if (!reply || !reply.ok) return lotgraph.tell(reply ? reply.problem : parts().say("offline"));
    lotgraph.floorAgain();
  };

  const waitingHere = (entries) => {
    const { make, say, told, clock } = parts();
    const own = entries.filter((one) => one.who === parts().who());
    if (!own.length) return null;
    const refused = (one) => [
      make("b", { class: "floor-refused" }, say("refused") + " "), one.refused, " ",
      button(say("correct"), () => lotgraph.floorStore.remove(one.id).then(() => (location.hash = one.step === "lift" ? "hold" : one.step))),
      button(say("remove"), () => lotgraph.floorStore.remove(one.id).then(lotgraph.floorAgain)),
    ];
    return panel(say("unsent_list"), own.map((one) =>
      make("div", { class: "floor-row", "data-entry": one.id }, make("div", {}, told(one), " ", make("span", { class: "meta" }, clock(one.at))),
        one.refused ? make("div", {}, refused(one)) : null)));
  };

  const asked = (rows) => {
    const { make, say, told, clock } = parts();
    if (!rows || !rows.length) return null;
    return panel(say("waiting"), rows.map((row) =>
      make("div", { class: "floor-row" }, make("div", {}, told(row), " ", make("span", { class: "meta" }, `${row.asked_by} · ${clock(row.occurred_at / 1000)}`)),
        make("div", { class: "chips" }, button(say("yes"), () => answer(row.entry, "confirm", say("yes")), "accent"),
          button(say("no"), () => answer(row.entry, "refuse", say("no")))))));
  };

  const withdraw = (row, box) => {
    const { make, say } = parts();
    const why = make("input", { type: "text", "aria-label": say("why"), placeholder: say("why"), required: true });
    box.replaceChildren(why, button(say("withdraw"), () => why.value.trim() && answer(row.entry, "withdraw", why.value.trim()), "stop"));
    why.focus();
  };
  const mine = (rows) => {
    const { make, say, told, clock } = parts();
    if (!rows) return null;
    const state = (row) => [row.withdrawn ? say("withdrawn") : "", row.waits ? say("waits") : "",
      row.against.length ? say("against", { what: row.against.map((rule) => lotgraph.floorSpec.against[rule] || rule).join(", ") }) : ""].filter(Boolean);
    const line = (row) => {
      const acts = make("div", { class: "chips" });
      if (!row.withdrawn && !lotgraph.floorSpec.lasting.includes(row.step))
        acts.append(button(say("withdraw"), () => withdraw(row, acts)));
      return make("div", { class: "floor-row" + (row.withdrawn ? " withdrawn" : ""), "data-entry": row.entry },
        make("div", {}, told(row), " ", make("span", { class: "meta" }, clock(row.occurred_at / 1000)),
          state(row).map((text) => make("span", { class: "chip" }, text))), acts);
    };
    return panel(say("mine"), rows.length ? rows.map(line) : [make("p", { class: "meta floor-row" }, say("none_yet"))]);
  };

  const hours = (rows) => {
    const { make, say, clock } = parts();
    if (!rows || !rows.length) return null;
    return panel(say("hours"), rows.slice(-SHOWN).reverse().map((row) =>
      make("div", { class: "floor-row flat" }, make("span", { class: "meta" }, clock(row.hour / 1000)), make("span", {}, lotgraph.floorSpec.names[row.step]),
        make("span", {}, say("entries", { count: row.entries })), make("b", {}, row.quantity ? `${row.quantity} ${row.uom || ""}` : ""))));
  };

  lotgraph.floorLists = () => {
    const box = parts().make("div", { class: "stack floor-lists" });
    const fill = async () => {
      const here = await lotgraph.floorStore.all();
      box.replaceChildren(...[waitingHere(here)].filter(Boolean));
      const [open, last, work] = await Promise.all([read("entries?waiting=true"), read("entries?limit=" + SHOWN), read("work/mine")]);
      box.append(...[asked(open), mine(last), hours(work)].filter(Boolean));
    };
    fill();
    return box;
  };

  /* The footer says how much waits, on every view of the page. */
  lotgraph.floorCount = async () => {
    const foot = document.querySelector(".floor-footer");
    if (!foot) return;
    const own = (await lotgraph.floorStore.all()).filter((one) => one.who === parts().who());
    const text = own.length ? parts().say("unsent", { count: own.length }) : parts().say(navigator.onLine ? "all_sent" : "offline");
    if (foot.textContent !== text) foot.textContent = text;
  };

  lotgraph.lotLabel = async (lot, box) => {
    const { make, icon, say } = parts();
    const label = await lotgraph.ask("/api/v1/floor/label?" + new URLSearchParams({ lot }));
    if (!label) return;
    box.replaceChildren(make("div", { class: "qr-label" }, make("img", { src: label.code, alt: say("label", { lot: label.lot_no }) }),
      make("div", {}, make("div", { class: "lot-no" }, label.lot_no), make("div", {}, label.item),
        make("button", { type: "button", class: "button no-print", "data-print": "label" }, icon("print"), say("print")))));
  };
})();
