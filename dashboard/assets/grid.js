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
    props.value
      ? h("span", { className: `glyph ${props.value}`, role: "img", "aria-label": props.data.tier_name, title: props.data.tier_name })
      : null;
  cells.LotNo = (props) =>
    h("span", { className: "lot-no" }, props.value, props.data.sublot ? h("span", { className: "meta" }, ` #${props.data.sublot}`) : null);
  cells.Amount = (props) =>
    props.node.rowPinned ? h("b", null, props.data.at_most_text || "")
      : props.value === null || props.value === undefined
        ? h("span", { className: "unknown" }, props.unknown)
        : h("span", null, fns.number(props.value), h("span", { className: "unit" }, props.data.unit));
  cells.Money = (props) =>
    props.value === null || props.value === undefined ? h("span", { className: "unknown" }, props.node.rowPinned ? "" : "–")
      : h("span", null, h("span", { className: "unit" }, props.symbol + " "), fns.whole(props.value));
  cells.Why = (props) =>
    h("span", { className: "why-cell" }, h("span", { className: "cut" }, props.value),
      props.data.leaves ? h("span", { className: "chip what-if" }, props.leaves) : null);
})();
