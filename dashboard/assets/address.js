/* One name for one view, in whichever language and order it is asked for; read by pages and worker. */
(function () {
  const lotgraph = (self.lotgraph = self.lotgraph || {});
  lotgraph.address = (href) => {
    const url = new URL(href, location.origin);
    url.searchParams.delete("lang");
    url.searchParams.sort();
    return url.pathname + url.search;
  };
})();
