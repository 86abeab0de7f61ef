"""The model card of a recogniser: data, split, scores, limits and licence, from what its training recorded."""

from __future__ import annotations

from sadvae.methods.calibration import Calibration, Temperature
from sadvae.methods.protocol import Trained
from sadvae.recognition.config import Origin, RecognizerConfig
from sadvae.recognition.folder import Parts
from sadvae.record import Evaluation

_HEAD = """---
license: {licence}
library_name: sadvae
tags:
- zero-shot-classification
- skeleton-based-action-recognition
- sadvae
---

# {title}

Names human actions in 3-D skeleton clips, with any names that you type: it needs no examples of them.

```python
from sadvae.recognizer import Recognizer

recognizer = Recognizer.from_pretrained("THIS FOLDER OR ITS HUB NAME")
print(recognizer.predict("clip.npz", ["wave", "fall down"])[0].name)
```
"""
_LIMITS = """## Limits

- Scores are of the data set, the split and the people above; other sensors, rooms and people may do worse.
- Names that differ in objects or fingers, which a skeleton does not show, are guesses.
- It ranks names. Do not use it alone where a mistake can hurt someone, nor to judge people.
"""


def model_card(parts: Parts) -> str:
    """The README.md of a recogniser's folder, in Markdown with the hub's header."""
    config, origin = parts.config, parts.config.record
    generated = {config.dataset, *origin.more} == {"generated"}
    sections = [
        _HEAD.format(
            licence="mit" if generated else "other", title=f"sadvae recogniser: {origin.experiment or config.dataset}"
        ),
        _data(parts),
        _scores(origin),
        _certainty(parts.calibration),
        _LIMITS,
        _licence(" and ".join((config.dataset, *origin.more)), generated),
    ]
    return "\n".join(section for section in sections if section)


def _data(parts: Parts) -> str:
    config, encoder = parts.config, parts.encoder
    origin, trace, layout = config.record, encoder.trace, encoder.layout
    people = f", {len(trace.subjects)} people" if trace.subjects else ""
    clips = f"{len(trace.clip_ids)} clips of {len(config.seen)} classes"
    lines = [
        "## Data and split\n",
        f"- Data set: {_datasets(config)}; skeleton layout {layout.name} ({len(layout.joints)} joints).",
        *_layouts(config),
        f"- Trained on {clips}{people}: {', '.join(config.seen_names)}.",
    ]
    if origin.unseen:
        lines.append(f"- Tested without examples on {len(origin.unseen)} classes: {', '.join(origin.unseen)}.")
    if origin.split:
        rule = f", training subjects {origin.train_subjects}" if origin.train_subjects else ""
        lines.append(f"- Split {origin.split}{rule}, seed {origin.seed}.")
    lines += [f"- Leakage that was accepted knowingly: {one}." for one in origin.allow]
    lines.append(f"- Preparation: {', '.join(encoder.steps)}.")
    beside = " for trained names, numbers of movement for new ones" if encoder.settings.features == "kinematics" else ""
    lines.append(
        f"- Encoder {encoder.settings.architecture}{beside}; texts by {config.text_encoder} ({config.text_mode})."
    )
    lines.append(f"- Method {parts.trained.describe()['method']}{_taught(parts.trained)}.")
    return "\n".join(lines) + "\n"


def _taught(trained: Trained) -> str:
    share = trained.describe().get("settings", {}).get("lesson_share", 0)
    return ", which learned from composed movements too (generated; no person is in them)" if share else ""


def _datasets(config: RecognizerConfig) -> str:
    more = config.record.more
    return f"{config.dataset}, which tested; {' and '.join(more)} trained too" if more else config.dataset


def _layouts(config: RecognizerConfig) -> list[str]:
    return [f"- Takes clips of the layouts {', '.join(config.layouts)}, unasked."] if config.layouts else []


def _scores(origin: Origin) -> str:
    found = origin.evaluation
    if found is None:
        return "## Scores\n\nNot recorded.\n"
    rows = [
        ("unseen classes, names of unseen classes given (ZSL)", found.zsl_accuracy),
        ("chance of that", found.chance),
    ]
    rows += [(f"{what} ({short})", value) for what, short, value in _generalised(found) if value is not None]
    lines = [f"| {what} | {100 * value:.1f} |" for what, value in rows]
    rule = f"Weights: {found.selection} (epoch {found.epoch + 1})."
    warning = " This rule looks at test clips: these scores are no result." if found.selection == "oracle_test" else ""
    return "\n".join(["## Scores on test clips\n", "| accuracy | % |", "|---|--:|", *lines, "", rule + warning]) + "\n"


def _generalised(found: Evaluation) -> list[tuple[str, str, float | None]]:
    return [
        ("seen classes, all names given", "S", found.seen_accuracy),
        ("unseen classes, all names given", "U", found.unseen_accuracy),
        ("harmonic mean of S and U", "H", found.harmonic_mean),
    ]


def _certainty(calibration: Calibration | None) -> str:
    if calibration is None:
        return "## Certainty\n\nProbabilities are not calibrated: the split holds no classes out.\n"
    lines = ["## Certainty\n", "Fitted on held-out trained classes and people alone, and measured on the same clips.\n"]
    for what, found in (("new names", calibration.unseen), ("trained classes", calibration.seen)):
        lines += [_temperature(what, found)] if found else []
    fit = calibration.fit
    if fit:
        lines.append(
            f'- "None of these": said of {100 * fit.refused:.0f} % of the clips that no name fits, and of '
            f"{100 * (1 - fit.accepted):.0f} % of those that one fits."
        )
    return "\n".join(lines) + "\n"


def _temperature(what: str, found: Temperature) -> str:
    return (
        f"- Probabilities of {what}: expected calibration error {100 * found.error_before:.1f} % before, "
        f"{100 * found.error_after:.1f} % after temperature {found.value:.2f} ({found.clips} clips)."
    )


def _licence(dataset: str, generated: bool) -> str:
    if generated:
        return "## Licence\n\nMIT, as sadvae. The motion it learned from is generated by sadvae.\n"
    return (
        f"## Licence\n\nThe code of sadvae is MIT. These weights were learned from {dataset}, whose terms apply to\n"
        "what is made of it: read them before you share or use this model. Say here which licence you give.\n"
    )
