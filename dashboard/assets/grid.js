/* Cells of big tables, and the row that the address names. */
(function () {
  const fns = (window.dashAgGridFunctions = window.dashAgGridFunctions || {});
  const cells = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});
  const h = (...args) => window.React.createElement(...args);

  const choose = (params) => {
    if (params.rowPinned || !params.data || !params.data.key) return;
    window.lotgraph.setParam("sel", params.data.key, true);
  };
  fns.lotgraphChoose = choose;
  fns.lotgraphChooseByKey = (params) => {
    if (params.event && params.event.key === "Enter") choose(params);
  };
  fns.number = (value) =>
    value === null || value === undefined || value === ""
      ? "" : new Intl.NumberFormat("en", { maximumFractionDigits: 3 }).format(value).replace("-", "−");
  fns.whole = (value) =>
    value === null || value === undefined || value === ""
      ? "" : new Intl.NumberFormat("en", { maximumFractionDigits: 0 }).format(value).replace("-", "−");

  cells.Tier = (props) =>
    props.value && props.data
      ? h("span", { className: `glyph ${props.value}`, role: "img", "aria-label": props.data.tier_name, title: props.data.tier_name })
      : null;
  cells.LotNo = (props) =>
    !props.data ? null : h("span", { className: "lot-no" }, props.value, props.data.sublot ? h("span", { className: "meta" }, ` #${props.data.sublot}`) : null);
  cells.Amount = (props) =>
    !props.data ? null
      : props.node.rowPinned ? h("b", null, props.data.at_most_text || "")
      : props.value === null || props.value === undefined
        ? h("span", { className: "unknown" }, props.unknown)
        : h("span", null, fns.number(props.value), h("span", { className: "unit" }, props.data.unit));
  cells.Money = (props) =>
    !props.data ? null
      : props.value === null || props.value === undefined ? h("span", { className: "unknown" }, props.node.rowPinned ? "" : "–")
      : h("span", null, h("span", { className: "unit" }, props.symbol + " "), fns.whole(props.value));
  cells.Why = (props) =>
    !props.data ? null : h("span", { className: "why-cell" }, h("span", { className: "cut" }, props.value),
      props.data.leaves ? h("span", { className: "chip what-if" }, props.leaves) : null);

  /* When a table shows something else its rows are fetched anew; it keeps its place. */
  const shown = {};
  new MutationObserver(() => {
    for (const box of document.querySelectorAll("[data-rows-of]")) {
      const name = box.dataset.rowsOf, before = shown[name];
      if (before === box.textContent) continue;
      shown[name] = box.textContent;
      if (before === undefined) continue;
      // Not before the page has taken all that came with it.
      setTimeout(() => {
        try { window.dash_ag_grid.getApi(name).purgeInfiniteCache(); } catch { /* not drawn yet: it asks itself */ }
      }, 30);
    }
  }).observe(document, { childList: true, subtree: true, characterData: true });
})();
