/* Texts and date forms of plotly in Chinese; kept here so that no chart asks another server. */
(function () {
  const days = ["星期日", "星期一", "星期二", "星期三", "星期四", "星期五", "星期六"];
  const months = Array.from({ length: 12 }, (_, n) => `${n + 1}月`);
  const locale = {
    moduleType: "locale",
    name: "zh-CN",
    dictionary: {
      "Autoscale": "自动缩放", "Box Select": "矩形框选", "Lasso Select": "套索选择",
      "Double-click to zoom back out": "双击还原", "Download plot as a png": "下载图表为 PNG",
      "Pan": "平移", "Reset axes": "重置坐标轴", "Zoom": "缩放", "Zoom in": "放大",
      "Zoom out": "缩小", "incoming flow count:": "流入数：", "outgoing flow count:": "流出数：",
      "source:": "来源：", "target:": "去向：",
    },
    format: {
      days, shortDays: days.map((day) => day.replace("星期", "周")),
      months, shortMonths: months, date: "%Y-%m-%d", decimal: ".", thousands: ",",
      grouping: [3], currency: ["", ""],
    },
  };
  if (typeof window.Plotly === "undefined") {
    (window.PlotlyLocales = window.PlotlyLocales || []).push(locale);
  } else {
    window.Plotly.register(locale);
  }
})();
