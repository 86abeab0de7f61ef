"""Write the experiment files from one table: `python -m experiments.make`. A test compares them with the table.

Each file stands on its own; to run another split or another setting, copy one and change it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill
from typing import Any

from experiments.ablations import ablations
from experiments.defaults import DESCRIPTIONS, ENCODER, compared
from experiments.literature import SETTINGS, published_results
from experiments.overview import overview
from experiments.several import BASELINES as BASELINES_OF_SEVERAL
from experiments.several import RULES, SPLITS, added, several
from experiments.toml_text import entry, line
from sadvae.settings import demo_experiment
from sadvae.skeleton.generated.split import NAME as GENERATED
from sadvae.skeleton.generated.split import generated_split
from sadvae.splits.reader import CLASS_COUNTS, load_split
from sadvae.text.class_lists import class_texts
from sadvae.types import ClassSplit

FOLDER = Path(__file__).parent
PAGE = FOLDER.parent / "docs" / "protocols_of_the_literature.md"
TITLES = {
    "ntu60": "NTU RGB+D 60",
    "ntu120": "NTU RGB+D 120",
    "pku51": "PKU-MMD",
    "utd_mhad": "UTD-MHAD",
    "msr_action3d": "MSR-Action3D",
}
SUBJECTS = {
    "ntu60": ("ntu60-xsub", "cross-subject"),
    "ntu120": ("ntu120-xsub", "cross-subject"),
    "pku51": ("cross-subject.txt", "cross-subject, by the list of videos that comes with PKU-MMD (path from here)"),
    "utd_mhad": ("odd", "cross-subject, odd subjects train"),
    "msr_action3d": ("odd", "cross-subject, odd subjects train"),
}
PUBLISHED_SPLITS = {
    "ntu60": (
        *("synse-55-5", "synse-48-12", "purls-40-20", "purls-30-30"),
        *(f"{who}-random-{i}" for who in ("sadvae", "smie") for i in (1, 2, 3)),
    ),
    "ntu120": (
        *("synse-110-10", "synse-96-24"),
        *(f"{who}-random-{i}" for who in ("sadvae", "smie") for i in (1, 2, 3)),
    ),
    "pku51": (
        *("star-46-5", "star-39-12"),
        *(f"{who}-random-{i}" for who in ("sadvae", "smie") for i in (1, 2, 3)),
    ),
}
PASSES = {"epochs": 10, "iterations_per_epoch": "all"}
BASELINES = ("ridge", "eszsl", "cca", "devise", "revise", "cada_vae", "smie")
# The few clips of these need held-out classes from all training subjects, or the gate has too few to learn from.
FEW = {
    "utd_mhad": ("7", ("purls-22-5", "purls-18-9", "purls-14-13", *(f"random-22-5-{i}" for i in range(20)))),
    "msr_action3d": ("9", tuple(f"random-15-5-{i}" for i in range(10))),
}
SELECTIONS = line("selections", ["held_out_classes", "oracle_test"])
# The network that gives features of its own, as all files but those of defaults/ have it.
NETWORK = {"preset": "st_gcn_pp"}
# What the first experiment with UTD-MHAD held out, and so what its records are of.
HELD_OUT = {("utd_mhad", "purls-22-5"): (3, 11, 12, 15, 21)}


@dataclass(frozen=True)
class Protocol:
    """One data set and split, with class names as texts or with descriptions."""

    dataset: str
    split: str
    descriptions: bool = False

    @property
    def stem(self) -> str:
        """The file name without its ending: splits of one kind sort by number."""
        kind, _, number = self.split.rpartition("-")
        numbered = f"{kind}-{int(number):02d}" if kind == "random-22-5" else self.split
        return numbered.replace("-", "_") + ("_descriptions" if self.descriptions else "")

    @property
    def name(self) -> str:
        """The name of the experiment."""
        return f"{self.dataset}_{self.stem}"


def files() -> dict[Path, str]:
    """Every experiment file: path and text."""
    found = {FOLDER / p.dataset / f"{p.stem}.toml": large(p) for p in large_protocols()}
    every = [*(p for p in large_protocols() if not p.descriptions), *_few_protocols()]
    found |= {FOLDER / "defaults" / f"{p.name}.toml": default(p) for p in every}
    found[FOLDER / "defaults" / f"{GENERATED}.toml"] = generated()
    for dataset, (_, splits) in FEW.items():
        protocols = [Protocol(dataset, split, descriptions=False) for split in splits]
        found |= {FOLDER / dataset / f"{p.stem}.toml": few(p) for p in protocols}
        for p in [p for p in protocols if p.split.startswith("random")][:5]:
            for suffix, changes in ablations():
                path = FOLDER / "ablations" / f"{p.name}{suffix}.toml"
                found[path] = few(p, f"ablation_{p.name}{suffix}", changes)
        for p in [p for p in protocols if p.split.startswith("random")][:SPLITS]:
            for ending, others in several(dataset):
                found[FOLDER / "general" / f"{p.name}{ending}.toml"] = general(p, f"general_{p.name}{ending}", others)
    return found


def _few_protocols() -> Iterator[Protocol]:
    return (Protocol(dataset, split) for dataset, (_, splits) in FEW.items() for split in splits)


def large_protocols() -> Iterator[Protocol]:
    """NTU and PKU-MMD; the random splits of SA-DVAE were published with descriptions of an LLM too."""
    for dataset, splits in PUBLISHED_SPLITS.items():
        yield from (Protocol(dataset, split) for split in splits)
        if dataset != "pku51":
            yield from (Protocol(dataset, split, True) for split in splits if split.startswith("sadvae"))


def large(protocol: Protocol) -> str:
    """The file of a protocol with tens of thousands of clips."""
    mode = "descriptions" if protocol.descriptions else "names"
    blocks = [
        _head(protocol, protocol.name),
        entry("encoder", NETWORK),
        _split(protocol, ()),
        [
            *_texts_comment(protocol),
            *entry("text", {"encoder": "minilm", "mode": mode}),
        ],
        [
            "# The preset's 200 steps are meant for a few hundred clips; here every epoch is one pass over the data.",
            *entry("method", {"preset": "sadvae", "changes": PASSES}),
        ],
        _published_preset(protocol),
        entry("[compare]", {"name": "aligned VAE", "method": {"preset": "aligned_vae", "changes": PASSES}}),
        *_verbs_and_nouns(),
    ]
    if not protocol.descriptions:
        method, text = {"preset": "sadvae", "changes": PASSES}, {"encoder": "minilm", "mode": "descriptions"}
        blocks.append(entry("[compare]", {"name": "sadvae, descriptions", "method": method, "text": text}))
    blocks += [
        entry("[published]", row) for row in published_results(protocol.dataset, protocol.split, protocol.descriptions)
    ]
    return _joined(blocks)


def few(protocol: Protocol, name: str = "", changes: dict[str, Any] | None = None) -> str:
    """The file of a protocol with hundreds of clips; changes: blocks of an ablation, by the name of their table."""
    method, text = {"preset": "sadvae"}, {"encoder": "minilm", "mode": "descriptions"}
    found = {"encoder": NETWORK, "text": text, "method": method} | (changes or {})
    last = ("text", "method")
    blocks = [
        _head(protocol, name, "ablation", []) if name else _head(protocol, protocol.name),
        *(entry(table, values) for table, values in found.items() if table not in (*last, "compare")),
        _split(protocol, (FEW[protocol.dataset][0],)),
        *(entry(table, found[table]) for table in last),
    ]
    if changes:
        return _joined([*blocks, *(entry("[compare]", values) for values in found["compare"])])
    aligned = entry("[compare]", {"name": "aligned VAE", "method": {"preset": "aligned_vae"}})
    return _joined([*blocks, _published_preset(protocol), aligned, *_verbs_and_nouns()])


def default(protocol: Protocol) -> str:
    """The file of a protocol under the default encoder and method."""
    changes = {} if protocol.dataset in FEW else PASSES
    split = _split(protocol, (FEW[protocol.dataset][0],) if protocol.dataset in FEW else ())
    head = _head(protocol, f"default_{protocol.name}", "default")
    return _default(head, split, changes, _published_preset(protocol))


def generated() -> str:
    """The file of generated motion under the default encoder and method: clips and split are the demo's."""
    split, demo = generated_split(), demo_experiment()
    head = [
        "# Generated motion, the clips and the split of `sadvae demo`, odd subjects train.",
        *_held(split, class_texts(GENERATED).names),
        line("name", f"default_{GENERATED}"),
        line("title", f"{demo.title} {len(split.seen)}/{len(split.unseen)} (default)"),
        line("seeds", 5),
        line("baselines", BASELINES),
        SELECTIONS,
        "",
        *entry("data", demo.data.model_dump(exclude_unset=True)),
    ]
    own = {"name": split.name, "held_out_subjects": demo.split.held_out_subjects, "unseen_from": "training_subjects"}
    published = entry("[compare]", {"name": "published", "method": _published(SETTINGS["few clips"])})
    reason = "# The published gate needs as many held-out classes as unseen ones."
    return _default(head, entry("split", own), {}, [reason, *published])


def _default(head: list[str], split: list[str], changes: dict[str, Any], published: list[str]) -> str:
    blocks = [
        head,
        entry("encoder", {"preset": ENCODER}),
        split,
        entry("text", DESCRIPTIONS),
        entry("method", {"preset": "taught"}),
        *(entry("[compare]", values) for values in compared(changes)),
        published,
        *_verbs_and_nouns(),
    ]
    return _joined(blocks)


def general(protocol: Protocol, name: str, others: tuple[str, ...]) -> str:
    """The file of a protocol whose training clips are joined by those of other data sets."""
    blocks = [
        _head(protocol, name, "general", BASELINES_OF_SEVERAL),
        *added(others),
        entry("encoder", NETWORK),
        _split(protocol, (FEW[protocol.dataset][0],)),
        entry("text", {"encoder": "minilm", "mode": "descriptions"}),
        entry("method", {"preset": "sadvae"}),
    ]
    return _joined(blocks)


def _head(protocol: Protocol, name: str, kind: str = "", baselines: Sequence[str] = BASELINES) -> list[str]:
    split, title = _class_split(protocol), TITLES[protocol.dataset]
    rule, said = SUBJECTS[protocol.dataset]
    names = class_texts(protocol.dataset).names
    rules = RULES if kind == "general" else [SELECTIONS]
    texts = (", descriptions" if protocol.descriptions else "") + (f", {kind}" if kind else "")
    return [
        f"# {title}, split {protocol.split}, {said}.",
        *_held(split, names),
        line("name", name),
        line("title", f"{title} {len(split.seen)}/{len(split.unseen)} ({protocol.split}{texts})"),
        line("seeds", 3),
        line("baselines", baselines),
        *rules,
        "",
        *entry("data", {"dataset": protocol.dataset, "train_subjects": rule}),
    ]


def _held(split: ClassSplit, names: Sequence[str]) -> list[str]:
    return [
        *_comment(f"Unseen: {'; '.join(names[i] for i in split.unseen)}."),
        *_comment(f"Held out for calibration: {'; '.join(names[i] for i in split.validation_unseen)}."),
    ]


def _class_split(protocol: Protocol) -> ClassSplit:
    held = HELD_OUT.get((protocol.dataset, protocol.split))
    return load_split(protocol.dataset, protocol.split, CLASS_COUNTS[protocol.dataset], held)


def _split(protocol: Protocol, held_out_subjects: tuple[str, ...]) -> list[str]:
    values: dict[str, Any] = {"name": protocol.split}
    held = HELD_OUT.get((protocol.dataset, protocol.split))
    if held:
        values["validation_unseen"] = list(held)
    if not held_out_subjects:
        return entry("split", values)
    values |= {"held_out_subjects": list(held_out_subjects), "unseen_from": "training_subjects"}
    return [
        "# The last training subject tests seen classes of the calibration level; the held-out classes come from all",
        "# training subjects, because those of one are too few to place a gate. Records say so.",
        *entry("split", values),
    ]


def _published_preset(protocol: Protocol) -> list[str]:
    """SA-DVAE as published, with its gate where that can be calibrated: as many classes held out as are unseen."""
    values: dict[str, Any] = {
        "name": "published",
        "method": _published(SETTINGS[_published_run(protocol)]),
    }
    split = _class_split(protocol)
    comments = []
    if protocol.dataset in FEW:
        comments.append("# SA-DVAE was not published on this data set; rate and steps are ours, for few clips.")
    elif not protocol.split.startswith(("synse", "sadvae")):
        comments.append("# SA-DVAE was not published on this split; these are its settings for random splits.")
    if len(split.validation_unseen) == len(split.unseen):
        values["gate"] = "published"
    else:
        comments.append("# The published gate needs as many held-out classes as unseen ones; too few are seen here.")
    return [*comments, *entry("[compare]", values)]


def _published(changes: dict[str, Any]) -> dict[str, Any]:
    return {"preset": "published", "changes": changes}


def _published_run(protocol: Protocol) -> str:
    """The published experiment whose settings a protocol takes, by its name in SETTINGS."""
    if protocol.dataset in FEW:
        return "few clips"
    kind = "synse" if protocol.split.startswith("synse") else "descriptions" if protocol.descriptions else ""
    return f"{protocol.dataset} {kind}".strip()


def _verbs_and_nouns() -> list[list[str]]:
    """JPoSE and SynSE read verbs and nouns of class names alone, which vectors from elsewhere may lack."""
    text = {"encoder": "minilm", "mode": "names"}
    named = (("JPoSE", "jpose"), ("SynSE", "synse"))
    return [entry("[compare]", {"name": n, "method": {"preset": preset}, "text": text}) for n, preset in named]


def _texts_comment(protocol: Protocol) -> list[str]:
    if protocol.split.startswith("synse"):
        text, skeleton = "stsb-bert-large on class names", "Shift-GCN"
    elif protocol.split.startswith("sadvae"):
        text = f"CLIP ViT-B/32 on {'descriptions of an LLM' if protocol.descriptions else 'class names'}"
        skeleton = "ST-GCN"
    else:
        return []
    return _comment(
        f"Published with {skeleton} features and {text}. Such features come in with --features, such vectors with "
        "--embeddings (.npz of `sadvae import`, or .npy)."
    )


def _comment(text: str) -> list[str]:
    return fill(text, 118, initial_indent="# ", subsequent_indent="#   ").splitlines()


def _joined(blocks: list[list[str]]) -> str:
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def main() -> None:
    """Write every file in its place, and the page that lists them."""
    for path, text in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    PAGE.write_text(overview(PAGE.read_text(encoding="utf-8"), FOLDER, files()), encoding="utf-8")


if __name__ == "__main__":
    main()
