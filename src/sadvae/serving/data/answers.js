"use strict";
// Ranked answers of one or two recognisers.
const MOST_ANSWERS = 8;

function answerRow(answer, trained) {
  const name = element("span", { className: "answer" }, answer.name);
  if (trained.has(answer.name)) name.append(element("span", { className: "tag" }, "trained"));
  const fill = element("i");
  fill.style.width = `${100 * answer.probability}%`;
  return element("li", {}, name, element("span", { className: "number" }, percent(answer.probability)), element("span", { className: "bar" }, fill));
}

function answerCard(found, trained, titled) {
  const card = element("div", { className: "answer-card" });
  if (titled) card.append(element("h3", {}, found.recognizer));
  if (found.error) {
    card.append(element("p", { className: "none" }, found.error));
    return card;
  }
  if (found.none_of_these) {
    const sure = `the chance that one does: ${percent(found.fits)}`;
    card.append(element("p", { className: "none" }, element("b", {}, "None of these names seems to fit"), ` (${sure}). The nearest:`));
  }
  card.append(element("ol", {}, ...found.answers.slice(0, MOST_ANSWERS).map((answer) => answerRow(answer, trained))));
  const left = found.answers.length - MOST_ANSWERS;
  if (left > 0) card.append(element("p", { className: "note" }, `and ${left} less likely ${left === 1 ? "one" : "ones"}`));
  return card;
}

function showAnswers(place, answers, recognizers, mode) {
  place.classList.toggle("two", answers.length > 1);
  place.replaceChildren(...answers.map((found, i) => {
    const trained = new Set(mode === "gzsl" ? recognizers[i].trained : []);
    return answerCard(found, trained, answers.length > 1);
  }));
}
