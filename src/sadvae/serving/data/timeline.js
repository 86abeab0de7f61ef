"use strict";
// What happens when: a strip of named stretches for each recogniser, and curves of probabilities by Plotly.
const MOST_CURVES = 10;
let plotly = null;

function loadPlotly() {
  plotly = plotly || new Promise((done, failed) => {
    document.head.append(element("script", { src: "/parts/plotly.js", onload: done, onerror: failed }));
  });
  return plotly;
}

// A colour for every name that is shown, the same in all strips.
function colouring(timelines) {
  const names = [...new Set(timelines.flatMap((one) => one.stretches.map((stretch) => stretch.name)))];
  return new Map(names.map((name, i) => [name, COLOURS[i % COLOURS.length]]));
}

function strip(one, colours, total, seconds, seek, titled) {
  const track = element("div", { className: "track" });
  for (const stretch of one.stretches) {
    const text = `${stretch.name}, ${seconds(stretch.start)} to ${seconds(stretch.end)} s, ${percent(stretch.probability)}`;
    const part = element("button", { type: "button", title: text, ariaLabel: text, onclick: () => seek(stretch.start) }, stretch.name);
    const colour = colours.get(stretch.name);
    Object.assign(part.style, {
      left: `${100 * stretch.start / total}%`, width: `${100 * (stretch.end - stretch.start) / total}%`,
      background: colour, color: DARK.has(colour) ? "#fff" : "#1d2733",
    });
    track.append(part);
  }
  track.append(element("div", { className: "now" }));
  const whole = element("div", { className: "strip" });
  if (titled) whole.append(element("h3", {}, one.recognizer));
  whole.append(one.error ? element("p", { className: "none" }, one.error) : track);
  if (!one.error && !one.stretches.length) whole.append(element("p", { className: "note" }, "No name seems to fit anywhere."));
  return whole;
}

function showStrips(timelines, total, rate, seek) {
  const colours = colouring(timelines), seconds = (frame) => (frame / rate).toFixed(1);
  byId("strips").replaceChildren(...timelines.map((one) => strip(one, colours, total, seconds, seek, timelines.length > 1)));
  byId("legend").replaceChildren(...[...colours].map(([name, colour]) => {
    const mark = element("i");
    mark.style.background = colour;
    return element("li", {}, mark, name);
  }));
  return colours;
}

function showMoment(frame, total) {
  for (const mark of document.querySelectorAll(".track .now")) mark.style.left = `${100 * frame / total}%`;
}

const plain = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

function curve(one, i, rate, colours) {
  const middles = one.edges.slice(1).map((edge, cell) => (edge + one.edges[cell]) / 2 / rate);
  const colour = colours.get(one.names[i]);
  return {
    type: "scatter", mode: "lines", name: plain(one.names[i]), x: middles, y: one.scores[i],
    line: { width: colour ? 2.5 : 1.2, color: colour || "#b3bdc7" }, hovertemplate: "%{y:.0f} % at %{x:.1f} s",
  };
}

async function showCurves(timelines, rate, colours) {
  await loadPlotly();
  const places = timelines.filter((one) => !one.error).map((one) => {
    const peak = (i) => Math.max(...one.scores[i]);
    const shown = one.names.map((_, i) => i).sort((a, b) => peak(b) - peak(a)).slice(0, MOST_CURVES);
    const place = element("div", { className: "chart" });
    const figure = element("figure", {}, place);
    if (timelines.length > 1) figure.prepend(element("figcaption", {}, one.recognizer));
    return { figure, place, lines: shown.sort((a, b) => a - b).map((i) => curve(one, i, rate, colours)) };
  });
  byId("charts").replaceChildren(...places.map(({ figure }) => figure));
  const narrow = byId("charts").clientWidth < 560;
  for (const { place, lines } of places) {
    Plotly.newPlot(place, lines, {
      height: narrow ? 400 : 300, margin: { l: 44, r: 12, t: 10, b: 40 }, showlegend: true,
      font: { family: "system-ui, -apple-system, Segoe UI, Roboto, Helvetica Neue, Arial, sans-serif", size: 13, color: "#1d2733" },
      legend: narrow ? { orientation: "h", y: -0.32 } : {}, hovermode: "closest",
      dragmode: window.matchMedia("(pointer: coarse)").matches ? false : "zoom",
      xaxis: { title: { text: "seconds" }, gridcolor: "#e6ebf0", zeroline: false },
      yaxis: { title: { text: "%" }, range: [0, 101], gridcolor: "#e6ebf0", zeroline: false },
    }, { responsive: true, displayModeBar: false });
  }
}
