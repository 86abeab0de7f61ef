"use strict";
// Draw the charts and start the bodies from the data that the page carries.
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const charts = read("charts"), coarse = window.matchMedia("(pointer: coarse)").matches;
  const axis = (given = {}, boxed = false) => ({
    gridcolor: "#e6ebf0", zerolinecolor: "#d7dee6", linecolor: "#d7dee6", automargin: true, showline: true, mirror: boxed,
    ...given, ...(given.title && { title: { ...given.title, font: { size: 13 } } }),
  });

  function layout(given) {
    const { xaxis, yaxis, boxed = false, ...rest } = given;
    return {
      font: { family: "system-ui, -apple-system, Segoe UI, Roboto, Helvetica Neue, Arial, sans-serif", size: 13, color: "#1d2733" },
      margin: { l: 46, r: 12, t: 10, b: 42 }, paper_bgcolor: "#fff", plot_bgcolor: "#fff",
      legend: { orientation: "h", y: -0.22 },
      dragmode: coarse ? false : "zoom",
      ...rest, xaxis: axis(xaxis, boxed), yaxis: axis(yaxis, boxed),
    };
  }

  for (const place of document.querySelectorAll("[data-chart]")) {
    const chart = charts[place.dataset.chart];
    Plotly.newPlot(place, chart.data, layout(chart.layout), {
      responsive: true, displayModeBar: false,
    });
  }
  const button = document.getElementById("play");
  if (button) startBodies(read("clips-data"), button);
})();
