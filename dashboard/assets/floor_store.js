/* What a device keeps for the floor: entries that wait, durably, before anybody is asked; and what it
   was told last. A number of an entry is made once, so that sending it again records nothing twice. */
(function () {
  const lotgraph = (window.lotgraph = window.lotgraph || {});
  const NAME = "lotgraph-floor", DEVICE = "lotgraph-device";

  /* What was told goes when its person signs out (worker.js), what waits stays: two bases. */
  const BASES = { entries: [NAME, { keyPath: "id" }], plan: ["lotgraph-plan"] };

  const opened = (store) =>
    new Promise((ok, fail) => {
      const [name, options] = BASES[store];
      const asked = indexedDB.open(name, 1);
      asked.onupgradeneeded = () => asked.result.createObjectStore(store, options);
      asked.onsuccess = () => ok(asked.result);
      asked.onerror = () => fail(asked.error);
    });

  /* The promise holds when it is on disk. */
  const act = async (store, mode, work) => {
    const base = await opened(store);
    try {
      return await new Promise((ok, fail) => {
        const deal = base.transaction(store, mode, { durability: "strict" });
        const asked = work(deal.objectStore(store));
        deal.oncomplete = () => ok(asked.result);
        deal.onerror = deal.onabort = () => fail(deal.error);
      });
    } finally { base.close(); }
  };

  const random = (length) =>
    Array.from(crypto.getRandomValues(new Uint8Array(length)), (byte) => (byte % 36).toString(36)).join("");

  lotgraph.floorStore = {
    device() {
      let name = localStorage.getItem(DEVICE);
      if (!name) localStorage.setItem(DEVICE, (name = random(6).toUpperCase()));
      return name;
    },
    number() { return `${this.device()}-${Date.now().toString(36)}-${random(4)}`; },
    put: (entry) => act("entries", "readwrite", (store) => store.put(entry)),
    remove: (id) => act("entries", "readwrite", (store) => store.delete(id)),
    all: async () => (await act("entries", "readonly", (store) => store.getAll())).sort((a, b) => a.at - b.at),
    keepPlan: (plan) => act("plan", "readwrite", (store) => store.put(plan, "plan")),
    plan: () => act("plan", "readonly", (store) => store.get("plan")),
  };

  /* What the service answers; null where nobody does. */
  lotgraph.ask = async (address) => {
    const reply = await fetch(address, { headers: { Accept: "application/json" } }).catch(() => null);
    return reply && reply.ok ? reply.json().catch(() => null) : null;
  };

  /* ------------------------------------------------------------------ sending */

  const PART = 100;

  /* Whose it is and what was said of it stay here. */
  const plain = ({ who, refused, ...sent }) => sent;

  /* Throws where nobody answers, or cannot just now; else what became of each. */
  lotgraph.sendEntries = async (entries) => {
    const body = { device: lotgraph.floorStore.device(), sent_at: Date.now(), entries: entries.map(plain) };
    const reply = await lotgraph.deliver({ address: "/api/v1/floor/entries", method: "POST", body });
    if (lotgraph.isLater(reply.status)) throw new Error("later");
    if (reply.ok) return reply.answer;
    if (entries.length === 1)
      return { entries: [{ id: entries[0].id, state: "refused", reasons: [reply.problem], rules: [], choices: [] }] };
    const alone = [];  // one of them is not understood: it must not hold back the others
    for (const entry of entries) alone.push(...(await lotgraph.sendEntries([entry])).entries);
    return { entries: alone };
  };

  const settle = async (outcome, entry) => {
    const store = lotgraph.floorStore;
    if (outcome.state === "recorded" || outcome.state === "known") return store.remove(entry.id);
    return store.put({ ...entry, refused: outcome.reasons.join(" ") });
  };

  /* What waits of this person, oldest first. What is refused stays until a person removes it. */
  const sendAll = async (who) => {
    const own = (await lotgraph.floorStore.all()).filter((one) => one.who === who && !one.refused);
    for (let start = 0; start < own.length; start += PART) {
      const part = own.slice(start, start + PART).map((one) => ({ ...one, waited: true }));
      const answer = await lotgraph.sendEntries(part);
      for (const outcome of answer.entries) await settle(outcome, part.find((one) => one.id === outcome.id));
    }
    return own.length;
  };

  /* One at a time, in whichever window: what is just being asked about must not go as if it had waited. */
  let last = Promise.resolve();
  lotgraph.alone = (work) =>
    navigator.locks ? navigator.locks.request(NAME, work) : (last = last.then(work, work));
  let sending = null;
  lotgraph.sendWaiting = (who) =>
    (sending = sending || lotgraph.alone(() => sendAll(who).catch(() => 0)).finally(() => (sending = null)));
})();
