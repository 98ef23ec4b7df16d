/* The drawing of a trace: colours and glyphs of the theme in force, taps, arrows along edges. */
(function () {
  const lotgraph = (window.lotgraph = window.lotgraph || {});
  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const svg = (width, height, body) =>
    "data:image/svg+xml;utf8," + encodeURIComponent(
      `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${body}</svg>`);
  const tiers = ["certain", "recorded", "mixed", "contact", "excluded"];

  function glyph(tier) {
    const fill = tier === "excluded" ? "none" : token(`--${tier}-fill`);
    const ink = token(`--${tier}-ink`);
    return {
      certain: `<rect width="12" height="12" fill="${fill}"/>`,
      recorded: `<circle cx="6" cy="6" r="5.2" fill="none" stroke="${ink}" stroke-width="1.5"/><path d="M6 .8A5.2 5.2 0 0 0 6 11.2z" fill="${fill}"/>`,
      mixed: `<path d="M6 1 11.4 11.4H.6z" fill="${fill}" stroke="${ink}" stroke-width="1.2"/>`,
      contact: `<circle cx="6" cy="6" r="4.6" fill="none" stroke="${ink}" stroke-width="2.4"/>`,
      excluded: `<path d="m1.5 1.5 9 9M10.5 1.5l-9 9" stroke="${ink}" stroke-width="1.5"/>`,
    }[tier];
  }

  function mixBar(mix, width, height) {
    const total = tiers.reduce((sum, tier) => sum + (mix[tier] || 0), 0);
    let x = 0;
    return tiers.filter((tier) => mix[tier]).map((tier) => {
      const w = (mix[tier] / total) * width;
      const fill = tier === "excluded" ? token("--line-strong") : token(`--${tier}-fill`);
      const part = `<rect x="${x}" y="${height - 3}" width="${w}" height="3" fill="${fill}"/>`;
      x += w;
      return part;
    }).join("");
  }

  /* One picture over the node: its glyph, and for a group the mix of tiers in it. */
  function picture(data, glyphs) {
    const shape = glyphs[data.tier];
    if (!shape) return null;
    const at = `<g transform="translate(7 ${data.height / 2 - 6})">${shape}</g>`;
    return svg(data.width, data.height, at + mixBar(data.mix, data.width, data.height));
  }

  function stylesheet() {
    const ink = token("--ink"), line = token("--line-strong"), surface = token("--surface");
    const edge = token("--edge"), accent = token("--accent");
    const font = getComputedStyle(document.body).fontFamily;
    const rules = [
      { selector: "node", style: {
        width: "data(width)", height: "data(height)", shape: "round-rectangle",
        "background-color": surface, "border-width": 1.2, "border-color": line,
        label: "data(label)", color: ink, "font-family": font, "font-size": 11, "font-weight": 500,
        "text-wrap": "wrap", "text-max-width": 200, "text-valign": "center", "text-halign": "center",
        "line-height": 1.2, "overlay-opacity": 0 } },
      { selector: ".operation", style: { shape: "cut-rectangle", "background-color": token("--muted") } },
      { selector: ".pool", style: { shape: "barrel" } },
      { selector: ".supplier", style: { shape: "hexagon" } },
      { selector: ".customer", style: { shape: "ellipse" } },
      { selector: ".shipment", style: { shape: "round-tag" } },
      { selector: ".group", style: { ghost: "yes", "ghost-offset-x": 4, "ghost-offset-y": -4, "ghost-opacity": 0.9 } },
      { selector: ".heading", style: { "background-opacity": 0, "border-width": 0, color: token("--ink-2"), "font-size": 12, events: "no" } },
      { selector: "node[picture]", style: {
        "background-image": "data(picture)", "background-width": "100%", "background-height": "100%",
        "background-fit": "none", "text-margin-x": 8 } },
      { selector: "edge", style: {
        width: 1.2, "line-color": edge, "target-arrow-color": edge, "target-arrow-shape": "triangle",
        "arrow-scale": 0.7, "curve-style": "unbundled-bezier", "control-point-distances": "0 0",
        "control-point-weights": "0.25 0.75", "source-endpoint": "90deg", "target-endpoint": "270deg",
        label: "data(label)", "font-size": 10, color: token("--ink-2"), "font-family": font,
        "text-background-color": surface, "text-background-opacity": 0.9, "text-background-padding": 1, "overlay-opacity": 0 } },
      { selector: "edge.by_order", style: { "line-style": "dashed", "line-dash-pattern": [7, 3] } },
      { selector: "edge.by_time", style: { "line-style": "dashed", "line-dash-pattern": [3, 3] } },
      { selector: "edge.inferred", style: { "line-style": "dotted" } },
      { selector: "edge.cut", style: { "line-style": "dotted", label: "✕", "font-size": 11 } },
    ];
    for (const tier of tiers) {
      const excluded = tier === "excluded";
      rules.push({ selector: `node.${tier}`, style: {
        "border-color": token(`--${tier}-ink`), "border-style": excluded ? "dashed" : "solid", "border-width": 1.4,
        "background-color": excluded ? surface : token(`--${tier}-tint`) } });
    }
    rules.push(
      { selector: ".root", style: { "border-width": 2.4 } },
      { selector: "edge.lit", style: { width: 2.4, "line-color": ink, "target-arrow-color": ink, "z-index": 9, color: ink } },
      { selector: "node.chosen, node:selected", style: { "outline-color": accent, "outline-width": 2, "outline-offset": 2, "border-color": accent } },
    );
    return rules;
  }

  const READABLE = 0.72;
  let lastView = null;
  const drawing = () => {
    const box = document.getElementById("trace-graph");
    return box && box._cyreg ? box._cyreg.cy : null;
  };
  const pace = () => (matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 200);
  function fit() {
    const cy = drawing();
    if (cy) cy.animate({ fit: { eles: cy.elements(), padding: 16 } }, { duration: pace() });
  }
  /* The whole where it can be read, else its start and what is chosen at a readable size. */
  function present(count, tries) {
    const cy = drawing();
    if (!cy || cy.elements().length !== count) {
      if (tries) setTimeout(() => present(count, tries - 1), 50);
      return;
    }
    cy.fit(cy.elements(), 16);
    if (cy.zoom() >= READABLE) return;
    cy.zoom(READABLE);
    const chosen = cy.$(".chosen");
    if (chosen.length) return cy.center(chosen);
    const root = cy.$(".root");
    const box = cy.elements().boundingBox();
    const at = root.length ? root.boundingBox() : box;
    const right = at.x1 - box.x1 > box.x2 - at.x2; // a trace backward begins at its right
    const x = right ? cy.width() - 16 - box.x2 * READABLE : 16 - box.x1 * READABLE;
    cy.pan({ x, y: cy.height() / 2 - ((at.y1 + at.y2) / 2) * READABLE });
  }
  lotgraph.fitGraph = fit;
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-fit]")) fit();
  });

  const clientside = {
    drawGraph: async function (drawn) {
      if (!drawn) return [[], []];
      await document.fonts.ready;
      const glyphs = Object.fromEntries(tiers.map((tier) => [tier, glyph(tier)]));
      const elements = drawn.elements.map((element) => {
        const data = { ...element.data };
        const drawnAs = data.mix ? picture(data, glyphs) : null;
        if (drawnAs) data.picture = drawnAs;
        delete data.mix;
        return { ...element, data };
      });
      if (drawn.view !== lastView) {
        lastView = drawn.view;
        setTimeout(() => present(elements.length, 60), 30);
      }
      return [elements, stylesheet()];
    },
    tapNode: function (node) {
      if (!node || !node.data || node.data.id.startsWith("H:")) return window.dash_clientside.no_update;
      const url = new URL(location.href);
      if (node.data.id.startsWith("G:")) {
        if (!url.searchParams.getAll("open").includes(node.data.id)) url.searchParams.append("open", node.data.id);
      } else {
        url.searchParams.set("sel", node.data.id);
      }
      lotgraph.go(url.pathname + url.search, true);
      return window.dash_clientside.no_update;
    },
    setAsOf: function (batch) {
      const url = new URL(location.href);
      const max = document.querySelector("#trace-as-of [role=slider]")?.getAttribute("aria-valuemax");
      if (String(batch) === max) url.searchParams.delete("as_of");
      else url.searchParams.set("as_of", batch);
      if (url.href !== location.href) lotgraph.go(url.pathname + url.search);
      return window.dash_clientside.no_update;
    },
  };
  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    lotgraph: Object.assign({}, (window.dash_clientside || {}).lotgraph, clientside),
  });
})();
