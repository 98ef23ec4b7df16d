/* Light or dark before the first paint: as chosen here, else as the system says. */
(function () {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => (document.cookie.match(/(?:^|; )lotgraph_theme=(light|dark)/) || [])[1];
  window.lotgraphTheme = function (theme) {
    const name = theme || chosen() || (system.matches ? "dark" : "light");
    document.documentElement.dataset.theme = name;
    document.documentElement.setAttribute("data-mantine-color-scheme", name);
    document.documentElement.dataset.agThemeMode = name;
    window.dispatchEvent(new CustomEvent("lotgraph-theme", { detail: name }));
    return name;
  };
  system.addEventListener("change", () => window.lotgraphTheme());
  window.lotgraphTheme();
})();
