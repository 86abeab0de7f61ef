"use strict";
// Skeletons that move in 3-D, drawn on plain canvases: no graphics card is needed, and a phone can show six of them.
function startBodies(clips, button) {
  const SCALE = 500, FRAMES_A_SECOND = 16, CAMERA = 4.2, SWAY = 0.45, TILT = 0.16;
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  let playing = !calm, clock = 0, last = 0;

  const bodies = Array.from(document.querySelectorAll("canvas[data-clip]"), (canvas) => {
    const clip = clips[Number(canvas.dataset.clip)];
    const frames = clip.frames.map((row) => row.map((value) => value / SCALE));
    let floor = Infinity;
    for (const frame of frames) for (let i = 1; i < frame.length; i += 3) floor = Math.min(floor, frame[i]);
    return { canvas, frames, bones: clip.bones, floor: Math.max(floor, -1.25), turn: 0, tilt: TILT, visible: true };
  });

  // A point of the body in pixels, and how near it is (0 far, 1 near).
  function projector(body, width, height) {
    const angle = body.turn + SWAY * Math.sin(clock * 0.8);
    const cosine = Math.cos(angle), sine = Math.sin(angle), up = Math.cos(body.tilt), over = Math.sin(body.tilt);
    const size = Math.min(width, height) * 0.4 * CAMERA;
    return (x, y, z) => {
      const across = x * cosine + z * sine, away = z * cosine - x * sine;
      const rise = y * up - away * over, depth = away * up + y * over;
      const shrink = size / (CAMERA - depth);
      return [width / 2 + across * shrink, height * 0.49 - rise * shrink, Math.min(1, Math.max(0, (depth + 1) / 2))];
    };
  }

  function drawFloor(pen, project, floor) {
    pen.strokeStyle = "#dfe6ec";
    pen.lineWidth = 1;
    pen.beginPath();
    for (let i = -2; i <= 2; i++) {
      for (const [from, to] of [[[i / 2, -1], [i / 2, 1]], [[-1, i / 2], [1, i / 2]]]) {
        const start = project(from[0], floor, from[1]), end = project(to[0], floor, to[1]);
        pen.moveTo(start[0], start[1]);
        pen.lineTo(end[0], end[1]);
      }
    }
    pen.stroke();
  }

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
    const { canvas, frames } = body, ratio = Math.min(window.devicePixelRatio || 1, 2);
    const width = canvas.clientWidth, height = canvas.clientHeight;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    const project = projector(body, width, height);
    drawFloor(pen, project, body.floor);
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

  function turnable(body) {
    let held = null;
    body.canvas.addEventListener("pointerdown", (event) => {
      held = [event.clientX, event.clientY];
      body.canvas.setPointerCapture(event.pointerId);
    });
    body.canvas.addEventListener("pointermove", (event) => {
      if (!held) return;
      body.turn += (event.clientX - held[0]) * 0.012;
      body.tilt = Math.min(1.4, Math.max(-0.4, body.tilt + (event.clientY - held[1]) * 0.008));
      held = [event.clientX, event.clientY];
      draw(body);
    });
    for (const end of ["pointerup", "pointercancel"]) body.canvas.addEventListener(end, () => { held = null; });
  }

  const watch = new IntersectionObserver((seen) => seen.forEach((entry) => {
    const body = bodies.find((one) => one.canvas === entry.target);
    body.visible = entry.isIntersecting;
    if (body.visible) draw(body);
  }));
  bodies.forEach((body) => { turnable(body); watch.observe(body.canvas); draw(body); });
  window.addEventListener("resize", drawVisible);
  button.addEventListener("click", () => play(!playing));
  play(playing);
}
