"use strict";
// Search, filter and sort the tables of the overview, and draw the rows that are left.
(() => {
  const tables = Array.from(document.querySelectorAll("table.sortable"));
  const search = document.getElementById("search"), form = document.getElementById("filters");
  const menus = Array.from(document.querySelectorAll("[data-filter]"));
  const score = document.getElementById("score"), chart = document.getElementById("means-chart");
  const rowsOf = (table) => Array.from(table.tBodies[0].rows);
  const plain = (text) => text.normalize("NFKC").toLowerCase();

  function wanted(row, words) {
    // A run shows its own name; what it belongs to finds it too.
    const text = plain([row.dataset.experiment, ...Array.from(row.cells, (cell) => cell.textContent)].join(" "));
    return words.every((word) => text.includes(word)) &&
      menus.every((menu) => !menu.value || row.dataset[menu.dataset.filter] === menu.value);
  }

  function filter() {
    const words = plain(search.value).split(/\s+/).filter(Boolean);
    for (const table of tables) {
      const rows = rowsOf(table);
      for (const row of rows) row.hidden = !wanted(row, words);
      const shown = rows.filter((row) => !row.hidden).length;
      document.querySelector(`[data-count="${table.id}"]`).textContent = `${shown} of ${rows.length} rows`;
    }
    draw();
  }

  // Numbers by value with missing ones last in both directions, words by their letters.
  function compare(one, other, sign) {
    const number = one.classList.contains("number");
    if (!number) return sign * one.textContent.localeCompare(other.textContent, "en", { numeric: true });
    const [left, right] = [one, other].map((cell) => (cell.dataset.value === undefined ? null : Number(cell.dataset.value)));
    if (left === null || right === null) return (left === null) - (right === null);
    return sign * (left - right);
  }

  function sort(table, head) {
    const first = head.classList.contains("number") ? "descending" : "ascending";
    const turned = { ascending: "descending", descending: "ascending" };
    const order = turned[head.getAttribute("aria-sort")] || first;
    for (const other of table.tHead.rows[0].cells) other.setAttribute("aria-sort", other === head ? order : "none");
    const sign = order === "ascending" ? 1 : -1, column = head.cellIndex;
    const rows = rowsOf(table).sort((a, b) => compare(a.cells[column], b.cells[column], sign));
    table.tBodies[0].append(...rows);
    if (table === tables[0]) draw();
  }

  const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const oracle = (row) => row.dataset.oracle === "true";
  const short = (text, letters) => (text.length > letters ? `${text.slice(0, letters - 1)}…` : text);

  // So many rows at most: more are read in the table, and would take a browser minutes to draw.
  const MOST = 60;

  function draw() {
    const narrow = chart.clientWidth < 560, letters = narrow ? 17 : 60;
    const rows = rowsOf(tables[0]).filter((row) => !row.hidden);
    const cells = rows.map((row) => Array.from(row.cells).find((cell) => cell.dataset.score === score.value));
    const scored = rows.map((row, i) => [row, cells[i]]).filter(([, cell]) => cell.dataset.value !== undefined);
    const kept = scored.slice(0, MOST);
    document.getElementById("drawn").textContent = `${kept.length} of ${scored.length} rows`;
    // A row of few runs has no interval.
    const value = (name) => kept.map(([, cell]) => Number(cell.dataset[name] ?? cell.dataset.value));
    const means = value("value"), lows = value("low"), highs = value("high");
    const label = ([row]) => {
      const { method, experiment } = row.dataset;
      return narrow ? `${escaped(short(method, letters))}<br>${escaped(short(experiment, letters))}`
        : escaped(short(`${method} · ${experiment}`, letters));
    };
    const places = kept.map((_, i) => i);
    chart.style.height = `${70 + Math.max(kept.length, 1) * (narrow ? 40 : 27)}px`;
    Plotly.react(chart, [{
      type: "scatter", mode: "markers", x: means, y: places,
      error_x: {
        type: "data", symmetric: false, thickness: 1.5, width: 4, color: "#0072B2",
        array: highs.map((high, i) => high - means[i]), arrayminus: lows.map((low, i) => means[i] - low),
      },
      marker: {
        size: 9, line: { width: 2 }, color: kept.map(([row]) => (oracle(row) ? "#D55E00" : "#0072B2")),
        symbol: kept.map(([row]) => (oracle(row) ? "diamond-open" : "circle")),
      },
      customdata: kept.map(([row]) => escaped(`${row.dataset.method} · ${row.dataset.experiment}, ${row.dataset.weights}`)),
      hovertemplate: "%{customdata}: %{x:.1f}<extra></extra>",
    }], chartLayout({
      xaxis: { range: [-1, 101], side: "top", title: { text: `${score.value} (%)` } },
      yaxis: {
        range: [kept.length - 0.4, -0.6], tickvals: places, ticktext: kept.map(label), automargin: true, zeroline: false,
        tickfont: { size: narrow ? 11 : 13 },
      },
      showlegend: false, hovermode: "closest", height: 70 + Math.max(kept.length, 1) * (narrow ? 40 : 27),
    }), { responsive: true, displayModeBar: false });
  }

  for (const table of tables) {
    for (const head of table.tHead.rows[0].cells) head.firstElementChild.addEventListener("click", () => sort(table, head));
  }
  search.addEventListener("input", filter);
  for (const menu of menus) menu.addEventListener("change", filter);
  score.addEventListener("change", draw);
  form.addEventListener("reset", () => setTimeout(filter));
  form.addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("resize", draw);
  filter();
})();
