"use strict";
// What the page's scripts share: building elements, asking the server, colours.
const COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8a7a00", "#6f4fa0", "#7a7a7a", "#a3341f"];
const DARK = new Set(["#0072b2", "#009e73", "#d55e00", "#8a7a00", "#6f4fa0", "#7a7a7a", "#a3341f"]);
const byId = (id) => document.getElementById(id);

// An element with properties and children; text goes in as text, never as markup.
function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

class Problem extends Error {
  constructor(sentence, status) { super(sentence); this.status = status; }
}

// Ask the JSON interface; a Problem carries the server's one sentence.
async function ask(method, address, body, type = "application/json") {
  let reply;
  try {
    reply = await fetch(address, body === undefined ? { method } : { method, body, headers: { "Content-Type": type } });
  } catch {
    throw new Problem("The server does not answer. Is it still running?", 0);
  }
  const found = await reply.json().catch(() => ({ error: `The server answered with code ${reply.status}.` }));
  if (!reply.ok) throw new Problem(found.error || `The server answered with code ${reply.status}.`, reply.status);
  return found;
}

// One question at a time; of those asked meanwhile only the last is asked. work() gives a promise.
function latest(work) {
  let running = false, waiting = false;
  return async function again() {
    if (running) { waiting = true; return; }
    running = true;
    do { waiting = false; await work(() => waiting); } while (waiting);
    running = false;
  };
}

function debounced(work, milliseconds) {
  let timer = 0;
  return () => { clearTimeout(timer); timer = setTimeout(work, milliseconds); };
}

const percent = (share) => (share < 0.001 ? "< 0.1 %" : `${(100 * share).toFixed(share > 0.0995 ? 0 : 1)} %`);
