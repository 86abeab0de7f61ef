"""Unseen clips that move, each beside the model's ranked answers."""

from __future__ import annotations

from sadvae.report.markup import Html, element, joined, note, paragraph
from sadvae.report.scene import ReportScene, SceneClip
from sadvae.report.section import Section
from sadvae.report.words import percent

SHOWN_ANSWERS = 5


def clips(scene: ReportScene) -> Section:
    """Cards of clips; the page's script draws the bodies from the packed motion."""
    right = sum(clip.right for clip in scene.clips)
    text = paragraph(
        f"Test clips of unseen classes, with the model's first {SHOWN_ANSWERS} answers and their probabilities. Of "
        f"these {len(scene.clips)} it names {right} rightly; they go round the classes, right or wrong."
    )
    button = element("button", "Pause", id="play", type="button")
    hint = note("Drag a body to turn it.")
    cards = element("div", *(_card(i, clip) for i, clip in enumerate(scene.clips)), class_="clips")
    return Section("clips", "Unseen clips and the model's answers", joined(text, button, hint, cards))


def _card(number: int, clip: SceneClip) -> Html:
    verdict = element("span", "✓ right" if clip.right else "✗ wrong", class_="right" if clip.right else "wrong")
    picture = element("canvas", role="img", aria_label=f"Moving skeleton: {clip.truth}", data_clip=number)
    title = element("h3", element("span", clip.truth), verdict)
    return element("article", title, picture, element("ol", *_answers(clip)), class_="clip")


def _answers(clip: SceneClip) -> list[Html]:
    return [_answer(*answer, clip.truth) for answer in clip.first_answers(SHOWN_ANSWERS)]


def _answer(rank: int, name: str, probability: float, truth: str) -> Html:
    true = name == truth
    place = element("small", f"{rank}. ") if rank > SHOWN_ANSWERS else ""
    label = element("span", place, name, *([element("b", "true class", class_="tag")] if true else []), class_="answer")
    bar = element("span", element("i", style=f"width:{100 * probability:.1f}%"), class_="bar")
    number = element("span", f"{percent(probability)} %", class_="number")
    return element("li", label, number, bar, value=rank, class_="true" if true else "other")
