"use strict";
// A view of space on a plain canvas, for every page that shows a body. A view is { turn, tilt }, in radians.

// From a point to pixels and how near it is (0 far, 1 near); `side` is the length in pixels that a body fits in.
function projection(view, width, height, side) {
  const camera = 4.2, size = side * 0.4 * camera;
  const cosine = Math.cos(view.turn), sine = Math.sin(view.turn), up = Math.cos(view.tilt), over = Math.sin(view.tilt);
  return (x, y, z) => {
    const across = x * cosine + z * sine, away = z * cosine - x * sine;
    const rise = y * up - away * over, depth = away * up + y * over;
    const shrink = size / (camera - depth);
    return [width / 2 + across * shrink, height * 0.49 - rise * shrink, Math.min(1, Math.max(0, (depth + 1) / 2))];
  };
}

// A square grid with lines every half unit, from -reach to reach.
function drawFloor(pen, project, floor, reach) {
  pen.strokeStyle = "#dfe6ec";
  pen.lineWidth = 1;
  pen.beginPath();
  for (let at = -reach; at <= reach; at += 0.5) {
    for (const [from, to] of [[[at, -reach], [at, reach]], [[-reach, at], [reach, at]]]) {
      const start = project(from[0], floor, from[1]), end = project(to[0], floor, to[1]);
      pen.moveTo(start[0], start[1]);
      pen.lineTo(end[0], end[1]);
    }
  }
  pen.stroke();
}

// An empty canvas as sharp as the screen: its pen, and its size in pixels of the page.
function emptied(canvas) {
  const ratio = Math.min(window.devicePixelRatio || 1, 2), width = canvas.clientWidth, height = canvas.clientHeight;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  return { pen, width, height };
}

// Dragging turns the view.
function turnable(canvas, view, draw) {
  let held = null;
  canvas.addEventListener("pointerdown", (event) => {
    held = [event.clientX, event.clientY];
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!held) return;
    view.turn += (event.clientX - held[0]) * 0.012;
    view.tilt = Math.min(1.4, Math.max(-0.4, view.tilt + (event.clientY - held[1]) * 0.008));
    held = [event.clientX, event.clientY];
    draw();
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { held = null; });
}
