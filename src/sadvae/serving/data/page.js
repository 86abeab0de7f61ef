"use strict";
// The page: a recording comes in, words are typed, and answers follow.
(async () => {
  const state = { about: null, source: null, clips: [], clip: null, edited: false, timelines: null, colours: null, answered: null };
  const words = byId("words"), map = byId("map"), curves = byId("curves"), strips = byId("strips");
  const rate = () => Math.min(1000, Math.max(1, Number(byId("rate").value) || 30));
  const mode = () => document.querySelector("[name=mode]:checked").value;
  const names = () => words.value.split(/[\n,]/).map((name) => name.trim()).filter(Boolean);
  const player = startPlayer({
    canvas: byId("body"), button: byId("play"), slider: byId("moment"), output: byId("frame"), rate, moved: showMoment,
  });

  function say(id, sentence, bad = false) {
    byId(id).textContent = sentence;
    byId(id).classList.toggle("bad", bad);
  }

  function trouble(sentence) {
    byId("problem").textContent = sentence;
    byId("problem").hidden = !sentence;
    if (sentence) byId("problem").scrollIntoView({ block: "nearest" });
  }

  // Recordings ---------------------------------------------------------------------------------------------------
  function hand(source) {
    if (source.sample) return ask("POST", `/api/samples/${encodeURIComponent(source.sample)}`);
    const layout = byId("layout").value, fields = new URLSearchParams({ name: source.file.name, ...(layout && { layout }) });
    if (source.file.size > state.about.max_upload_bytes) {
      const most = (state.about.max_upload_bytes / 2 ** 20).toFixed(0);
      throw new Problem(`${source.file.name} is larger than ${most} MB; choose a smaller file, or start the server with a larger --max-upload-mb.`, 413);
    }
    return ask("POST", `/api/clips?${fields}`, source.file, "application/octet-stream");
  }

  async function take(source) {
    trouble("");
    say("reading", `Reading ${source.title} …`);
    byId("answers").classList.add("old");
    try {
      const found = await hand(source);
      state.source = source;
      state.clips = found.clips;
      say("reading", found.left_out ? `The first ${found.clips.length} clips are shown; ${found.left_out} more are in the file.` : "");
      if (!state.edited) words.value = found.words.join("\n");
      map.checked = Boolean(source.sample);
      byId("clips").replaceChildren(...found.clips.map((clip, i) => element("option", { value: i }, clip.name)));
      byId("choice").hidden = found.clips.length < 2;
      await choose(0);
    } catch (problem) {
      say("reading", "");
      byId("answers").classList.remove("old");
      trouble(problem.message);
    }
  }

  async function choose(index) {
    const clip = state.clips[index];
    const motion = await ask("GET", `/api/clips/${clip.key}`);
    state.clip = clip;
    if (clip.frames_a_second) byId("rate").value = +clip.frames_a_second.toFixed(2);
    byId("view").hidden = false;
    byId("clip-name").textContent = clip.name;
    const people = clip.people === 1 ? "one person" : `${clip.people} people`;
    byId("clip-facts").textContent = [`${people}, ${clip.frames} frames, skeleton ${clip.layout}.`, ...clip.notes].join(" ");
    showMapping(clip);
    player.show(motion);
    answer();
    time();
  }

  function showMapping(clip) {
    const needed = clip.mappings.filter((mapping) => mapping.needed);
    byId("mapping").hidden = !needed.length;
    map.disabled = !needed.some((mapping) => mapping.possible);
    const sentences = [...new Set(needed.map((mapping) => mapping.sentence))].join(" ");
    byId("map-sentence").textContent = map.checked ? sentences : sentences.replaceAll(" was mapped to ", " would be mapped to ");
  }

  // Questions ----------------------------------------------------------------------------------------------------
  const question = () => ({ clip: state.clip.key, classes: names(), mode: mode(), map_layout: map.checked });

  function ready(status) {
    if (!state.clip) say(status, "Give it a recording first.");
    else if (!names().length) say(status, "Type at least one name.");
    return Boolean(state.clip && names().length);
  }

  // A clip that the server no longer holds is handed in again, once.
  async function asked(address, body) {
    try {
      return await ask("POST", address, JSON.stringify(body()));
    } catch (problem) {
      if (problem.status !== 410 || !state.source) throw problem;
      const place = state.clips.indexOf(state.clip);
      state.clips = (await hand(state.source)).clips;
      state.clip = state.clips[Math.max(place, 0)];
      return ask("POST", address, JSON.stringify(body()));
    }
  }

  const answer = latest(async (newer) => {
    if (!ready("asking")) return;
    const place = byId("answers"), chosen = mode();
    place.classList.add("old");
    try {
      const found = await asked("/api/answers", question);
      if (newer()) return;
      showAnswers(place, found.answers, state.about.recognizers, chosen);
      say("asking", `Answered in ${found.seconds.toFixed(2)} seconds.`);
      place.classList.remove("old");
      state.answered = state.clip;
    } catch (problem) {
      // Older answers may stay, greyed, while words are typed, but never those of another clip.
      if (state.answered !== state.clip) place.replaceChildren();
      say("asking", problem.message, true);
    }
  });

  const time = latest(async (newer) => {
    const length = Number(byId("window").value) || 1.5;
    const long = state.clip && state.clip.frames / rate() > 1.5 * length;
    byId("when").hidden = !long;
    if (!long || !ready("timing")) return;
    strips.classList.add("old");
    say("timing", "Looking …");
    try {
      const total = state.clip.frames, shown = rate();
      const found = await asked("/api/timeline", () => ({ ...question(), frames_a_second: shown, window: length }));
      if (newer()) return;
      state.timelines = { found: found.timelines, rate: shown };
      state.colours = showStrips(found.timelines, total, shown, player.seek);
      showMoment(Number(byId("moment").value), Number(byId("moment").max) + 1);
      say("timing", "");
      strips.classList.remove("old");
      await drawCurves();
    } catch (problem) {
      say("timing", problem.message, true);
    }
  });

  async function drawCurves() {
    if (curves.open && state.timelines) await showCurves(state.timelines.found, state.timelines.rate, state.colours);
  }

  // Wiring -------------------------------------------------------------------------------------------------------
  const soonAnswer = debounced(answer, 150), soonTime = debounced(time, 600);
  words.addEventListener("input", () => { state.edited = true; strips.classList.add("old"); soonAnswer(); soonTime(); });
  map.addEventListener("change", () => showMapping(state.clip));
  for (const field of [map, ...document.querySelectorAll("[name=mode]")]) field.addEventListener("change", () => { answer(); time(); });
  for (const field of [byId("rate"), byId("window")]) field.addEventListener("change", time);
  curves.addEventListener("toggle", drawCurves);
  window.addEventListener("resize", debounced(drawCurves, 300));
  byId("clips").addEventListener("change", (event) => choose(Number(event.target.value)).catch((problem) => trouble(problem.message)));
  byId("file").addEventListener("change", (event) => {
    const [file] = event.target.files;
    if (file) take({ file, title: file.name });
    event.target.value = "";
  });
  const dragging = (on) => document.body.classList.toggle("dragging", on);
  window.addEventListener("dragover", (event) => { event.preventDefault(); dragging(true); });
  window.addEventListener("dragleave", (event) => { if (!event.relatedTarget) dragging(false); });
  window.addEventListener("drop", (event) => {
    event.preventDefault();
    dragging(false);
    const [file] = event.dataTransfer.files;
    if (file) take({ file, title: file.name });
  });

  function introduce(about) {
    const facts = about.recognizers.map((one) => element("span", {},
      "Recogniser: ", element("b", {}, one.name),
      `, trained on ${one.trained.length} actions of the data set ${one.dataset}, skeleton ${one.layout}`));
    byId("about").replaceChildren(...facts);
    const videos = about.video ? "or a video of one person, " : "";
    byId("accepts").textContent = `A skeleton file (.npz, .skeleton, .mat, .txt, .json, .bvh, .pkl), ${videos}at most ${(about.max_upload_bytes / 2 ** 20).toFixed(0)} MB.`;
    byId("samples").append(...about.samples.map((sample) => element("button", {
      type: "button", onclick: () => take({ sample: sample.key, title: sample.title }),
    }, sample.title)));
    byId("layout").append(...about.layouts.map((name) => element("option", { value: name }, name)));
    const [first] = about.recognizers;
    words.value = (first.unseen.length ? first.unseen : first.trained).slice(0, 6).join("\n");
    document.querySelector("[value=gzsl]").disabled = !about.recognizers.some((one) => one.gate);
  }

  try {
    state.about = await ask("GET", "/api/about");
    introduce(state.about);
  } catch (problem) {
    trouble(problem.message);
  }
})();
