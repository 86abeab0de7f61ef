"use strict";
// Skeletons that move in 3-D, drawn on plain canvases: no graphics card is needed, and a phone can show six of them.
function startBodies(clips, button) {
  const SCALE = 500, FRAMES_A_SECOND = 16, SWAY = 0.45, TILT = 0.16;
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  let playing = !calm, clock = 0, last = 0;

  const bodies = Array.from(document.querySelectorAll("canvas[data-clip]"), (canvas) => {
    const clip = clips[Number(canvas.dataset.clip)];
    const frames = clip.frames.map((row) => row.map((value) => value / SCALE));
    let floor = Infinity;
    for (const frame of frames) for (let i = 1; i < frame.length; i += 3) floor = Math.min(floor, frame[i]);
    return { canvas, frames, bones: clip.bones, floor: Math.max(floor, -1.25), turn: 0, tilt: TILT, visible: true };
  });

  function drawBones(pen, points, bones, unit) {
    const near = (bone) => (points[bone[0]][2] + points[bone[1]][2]) / 2;
    pen.lineCap = "round";
    for (const bone of [...bones].sort((a, b) => near(a) - near(b))) {
      const shade = near(bone), [from, to] = [points[bone[0]], points[bone[1]]];
      pen.strokeStyle = `hsl(203, 72%, ${64 - 40 * shade}%)`;
      pen.lineWidth = unit * (2.2 + 2.4 * shade);
      pen.beginPath();
      pen.moveTo(from[0], from[1]);
      pen.lineTo(to[0], to[1]);
      pen.stroke();
    }
    pen.fillStyle = "#16364d";
    for (const point of points) {
      pen.beginPath();
      pen.arc(point[0], point[1], unit * 2.1, 0, 2 * Math.PI);
      pen.fill();
    }
  }

  function draw(body) {
    const { canvas, frames } = body, { pen, width, height } = emptied(canvas);
    const view = { turn: body.turn + SWAY * Math.sin(clock * 0.8), tilt: body.tilt };
    const project = projection(view, width, height, Math.min(width, height));
    drawFloor(pen, project, body.floor, 1);
    const frame = frames[Math.floor(clock * FRAMES_A_SECOND) % frames.length], points = [];
    for (let i = 0; i < frame.length; i += 3) points.push(project(frame[i], frame[i + 1], frame[i + 2]));
    drawBones(pen, points, body.bones, width / 340);
  }

  function drawVisible() { bodies.filter((body) => body.visible).forEach(draw); }

  function step(now) {
    if (!playing) return;
    clock += Math.min(Math.max((now - last) / 1000, 0), 0.1);
    last = now;
    drawVisible();
    requestAnimationFrame(step);
  }

  function play(on) {
    playing = on;
    button.textContent = on ? "Pause" : "Play";
    last = performance.now();
    if (on) requestAnimationFrame(step);
  }

  const watch = new IntersectionObserver((seen) => seen.forEach((entry) => {
    const body = bodies.find((one) => one.canvas === entry.target);
    body.visible = entry.isIntersecting;
    if (body.visible) draw(body);
  }));
  bodies.forEach((body) => { turnable(body.canvas, body, () => draw(body)); watch.observe(body.canvas); draw(body); });
  window.addEventListener("resize", drawVisible);
  button.addEventListener("click", () => play(!playing));
  play(playing);
}
