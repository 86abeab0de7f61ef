"use strict";
// A body that moves in 3-D on a plain canvas. show(motion) takes what the server draws; seek(frame) goes to a moment.
function startPlayer({ canvas, button, slider, output, rate, moved }) {
  const LOST = -32768;
  const HUES = [203, 28, 160, 320];
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  let motion = null, floor = -1, place = 0, clock = 0, playing = false, last = 0;
  const view = { turn: -0.35, tilt: 0.14 };

  // The bones of all people, far ones first, and the joints on top of them.
  function drawPeople(pen, project, unit) {
    const row = motion.frames[place], bones = [], dots = [];
    for (let person = 0; person < motion.people; person++) {
      const hue = HUES[person % HUES.length], points = [];
      for (let joint = 0; joint < motion.joints; joint++) {
        const [x, y, z] = row.slice(3 * (person * motion.joints + joint));
        points.push(x === LOST ? null : project(x / motion.scale, y / motion.scale, z / motion.scale));
      }
      for (const [a, b] of motion.bones) {
        if (points[a] && points[b]) bones.push([points[a], points[b], hue, (points[a][2] + points[b][2]) / 2]);
      }
      dots.push(...points.filter(Boolean).map((point) => [point, hue]));
    }
    pen.lineCap = "round";
    for (const [from, to, hue, near] of bones.sort((one, other) => one[3] - other[3])) {
      pen.strokeStyle = `hsl(${hue}, 72%, ${62 - 38 * near}%)`;
      pen.lineWidth = unit * (2.4 + 2.6 * near);
      pen.beginPath();
      pen.moveTo(from[0], from[1]);
      pen.lineTo(to[0], to[1]);
      pen.stroke();
    }
    for (const [point, hue] of dots) {
      pen.fillStyle = `hsl(${hue}, 55%, 19%)`;
      pen.beginPath();
      pen.arc(point[0], point[1], unit * 2.2, 0, 2 * Math.PI);
      pen.fill();
    }
  }

  function draw() {
    if (!motion) return;
    const { pen, width, height } = emptied(canvas);
    const project = projection(view, width, height, Math.min(width / 1.2, height));
    drawFloor(pen, project, floor, 1.5);
    drawPeople(pen, project, Math.min(width, 1.35 * height) / 400);
    slider.value = place;
    output.textContent = `frame ${motion.shown[place] + 1} of ${motion.total}`;
    moved(motion.shown[place], motion.total);
  }

  function step(now) {
    if (!playing) return;
    clock += Math.min(Math.max((now - last) / 1000, 0), 0.1) * rate() * motion.frames.length / motion.total;
    last = now;
    const next = Math.floor(clock) % motion.frames.length;
    if (next !== place) { place = next; draw(); }
    requestAnimationFrame(step);
  }

  function play(on) {
    playing = on && motion !== null;
    button.textContent = playing ? "Pause" : "Play";
    clock = place;
    last = performance.now();
    if (playing) requestAnimationFrame(step);
  }

  function to(index) { place = clock = Math.min(Math.max(index, 0), motion.frames.length - 1); draw(); }

  turnable(canvas, view, draw);
  button.addEventListener("click", () => play(!playing));
  slider.addEventListener("input", () => { play(false); to(Number(slider.value)); });
  window.addEventListener("resize", draw);

  return {
    show(found) {
      play(false);
      motion = found;
      floor = Infinity;
      for (const row of motion.frames) for (let i = 1; i < row.length; i += 3) if (row[i] !== LOST) floor = Math.min(floor, row[i] / motion.scale);
      floor = Number.isFinite(floor) ? Math.max(floor, -1.25) : -1;
      slider.max = motion.frames.length - 1;
      to(0);
      play(!calm);
    },
    seek(frame) {
      if (!motion) return;
      const next = motion.shown.findIndex((shown) => shown >= frame);
      to(next < 0 ? motion.frames.length - 1 : next);
    },
  };
}
