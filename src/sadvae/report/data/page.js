"use strict";
// Draw the charts and start the bodies from the data that the page carries.
function chartLayout(given) {
  const axis = (own = {}, boxed = false) => ({
    gridcolor: "#e6ebf0", zerolinecolor: "#d7dee6", linecolor: "#d7dee6", automargin: true, showline: true, mirror: boxed,
    ...own, ...(own.title && { title: { ...own.title, font: { size: 13 } } }),
  });
  const { xaxis, yaxis, boxed = false, ...rest } = given;
  return {
    font: { family: "system-ui, -apple-system, Segoe UI, Roboto, Helvetica Neue, Arial, sans-serif", size: 13, color: "#1d2733" },
    margin: { l: 46, r: 12, t: 10, b: 42 }, paper_bgcolor: "#fff", plot_bgcolor: "#fff",
    legend: { orientation: "h", y: -0.22 },
    dragmode: window.matchMedia("(pointer: coarse)").matches ? false : "zoom",
    ...rest, xaxis: axis(xaxis, boxed), yaxis: axis(yaxis, boxed),
  };
}

(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const charts = read("charts");

  function draw(place) {
    const chart = charts[place.dataset.chart];
    Plotly.newPlot(place, chart.data, chartLayout(chart.layout), { responsive: true, displayModeBar: false });
  }

  // A chart in a closed part of the page has no size yet; it is drawn when the part is opened.
  for (const place of document.querySelectorAll("[data-chart]")) {
    const closed = place.closest("details:not([open])");
    if (closed) closed.addEventListener("toggle", () => draw(place), { once: true });
    else draw(place);
  }
  const button = document.getElementById("play");
  if (button) startBodies(read("clips-data"), button);
})();
