"""The report page: what it says, that it stands alone, and that nothing in a record can become markup or script."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from sadvae.errors import SadvaeError
from sadvae.record import ProbeResult, RunRecord
from sadvae.report.html import report_html, write_report
from sadvae.report.markup import element, escaped, script_json, table
from sadvae.report.palette import strong
from sadvae.report.scene import ReportScene, SceneClip
from sadvae.report.section import plot_text
from tests.report_samples import BONES, NAMES, TERMS, make_evaluation, make_record, make_scene, without_gate

SECTIONS = ("scores", "methods", "clips", "classes", "confusion", "curve", "training", "latents", "provenance")


class Parsed(HTMLParser):
    """The elements, scripts and texts of a page, as a browser would split them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.heads: list[str] = []
        self.style = self.text = ""
        self.inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.inside = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside == "script":
            self.scripts[-1] += data
        elif self.inside == "style":
            self.style += data
        else:
            self.text += data
        if self.inside == "th":
            self.heads.append(data)

    def carried(self, name: str) -> dict:
        """The JSON of the script element with an id."""
        ids = [attrs.get("id") for tag, attrs in self.elements if tag == "script"]
        return json.loads(self.scripts[ids.index(name)])


@cache
def page() -> Parsed:
    return Parsed(report_html(make_record(), make_scene()))


def parsed(record: RunRecord, scene: ReportScene | None = None) -> Parsed:
    return Parsed(report_html(record, scene or make_scene()))


def test_all_sections_are_there_and_listed() -> None:
    anchors = [attrs["id"] for tag, attrs in page().elements if tag == "section"]
    links = [attrs["href"] for tag, attrs in page().elements if tag == "a"]
    assert tuple(anchors) == SECTIONS
    assert links == [f"#{anchor}" for anchor in SECTIONS]


@pytest.mark.parametrize(
    "shown",
    [
        "Sticks",
        "73.1 %",
        "chance is 50.0 %",
        "15 of 20 clips: 95 % interval 53.1 to 88.8 %",
        "61.4 %",
        "42.3 %",
        "50.1 %",
        "last_step",
        "SA-DVAE (sadvae)",
        "ridge regression",
        "ESZSL",
        "✓ right",
        "✗ wrong",
        "“kick” as “jump high” (3 times)",
        "c0ffee",
        "abc123",
        "the same people in training and test (shared_subjects)",
        "minilm",
        "1.7 min",
        "321 MiB",
        "Held out of the seen classes for calibration and selection: 1",
    ],
)
def test_the_page_says(shown: str) -> None:
    assert shown in page().text


def test_nothing_is_loaded_from_elsewhere() -> None:
    loads = [
        attrs[name] for _, attrs in page().elements for name in ("src", "href", "srcset", "action") if name in attrs
    ]
    assert [load for load in loads if not (load or "").startswith(("#", "data:"))] == []
    assert not re.search(r"url\(|@import", page().style)
    scripts = [attrs for tag, attrs in page().elements if tag == "script"]
    assert all("src" not in attrs for attrs in scripts)


def test_the_browser_may_run_only_the_scripts_of_the_page() -> None:
    policy = next(attrs["content"] for tag, attrs in page().elements if tag == "meta" and "http-equiv" in attrs)
    digests = set(re.findall(r"'sha256-([^']+)'", policy or ""))
    running = page().scripts[2:]
    assert digests == {base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in running}
    assert (policy or "").startswith("default-src 'none'")
    assert "unsafe" not in (policy or "").split("style-src")[0]


def test_names_never_become_markup() -> None:
    evil = [
        "</script><script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        '"><b>',
        "a&b",
        "<b>bold</b>",
        "$title",
    ]
    record = make_record(
        class_names=evil, evaluations=[make_evaluation(names=evil)], dataset=evil[0], settings={"title": evil[1]}
    )
    found = parsed(record, make_scene(evil))
    tags = [tag for tag, _ in found.elements]
    assert tags.count("script") == 5
    assert "img" not in tags
    assert all("alert" not in script for script in found.scripts[3:])
    assert all(name in found.text for name in evil)
    hovered = found.carried("charts")["confusion"]["data"][0]["customdata"][0][1]
    assert hovered[2] == "&lt;b&gt;bold&lt;/b&gt;"


def test_the_same_run_gives_the_same_page(tmp_path: Path) -> None:
    write_report(tmp_path / "report.html", make_record(), make_scene())
    written = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert written == report_html(make_record(), make_scene())
    assert len(written.encode()) < 8 * 2**20


def test_charts_hold_the_records_numbers() -> None:
    charts = page().carried("charts")
    places = {attrs["data-chart"] for _, attrs in page().elements if "data-chart" in attrs}
    assert set(charts) == places
    assert charts["confusion"]["data"][0]["z"] == [[0.75, 0.25], [0.25, 0.75]]
    assert charts["confusion"]["data"][0]["text"] == [[9, 3], [2, 6]]
    main, *_, point = charts["curve"]["data"]
    assert main["y"] == [73.0, 60.0, 42.3, 0.0]
    assert (point["x"], point["y"]) == ([61.4], [42.3])
    for i in range(len(TERMS)):
        assert charts[f"training-{i}"]["data"][0]["y"] == pytest.approx([i + 1, (i + 1) / 2, (i + 1) / 3], rel=1e-4)
    assert charts[f"training-{len(TERMS)}"]["data"][0]["y"] == [20.0, 40.0, 50.0]
    maps = charts["latents-semantic"]["data"]
    assert sum(len(trace["x"]) for trace in maps) == 24


def test_a_record_without_gate() -> None:
    found = parsed(make_record(evaluations=[without_gate(make_evaluation())]))
    assert "No gate could be calibrated" in found.text
    assert "curve" not in found.carried("charts")
    assert len([1 for _, attrs in found.elements if (attrs.get("class") or "").startswith("card ")]) == 1
    assert ("ZSL" in found.heads, "GZSL" in found.heads) == (True, False)
    assert "GZSL" in page().heads


def test_an_oracle_is_called_one() -> None:
    oracle = parsed(make_record(evaluations=[make_evaluation(selection="oracle_test")], selection="oracle_test"))
    assert "upper bound, not a result" in oracle.text
    assert "The epoch was picked by looking at the test set." in oracle.text
    assert "upper bound" not in page().text


def test_a_method_without_latents_or_epochs() -> None:
    scene = make_scene()
    plain = ReportScene(scene.semantic, None, scene.labels, scene.is_seen, scene.clips)
    found = parsed(make_record(history=[{"epoch": 0.0}], selection_curve=[0.3], allow=[]), plain)
    charts = found.carried("charts")
    assert "latents-features" in charts
    assert not [name for name in charts if name.startswith("training") or name == "latents-style"]
    assert "None: no class, person or clip" in found.text


def test_published_results_are_shown_and_checked() -> None:
    stated = {"method": "Theirs", "source": "table 2", "selection": "oracle_test", "zsl": 82.37}
    found = parsed(make_record(settings={"published": [stated]}))
    assert "82.4" in found.text
    assert "table 2" in found.text
    with pytest.raises(SadvaeError, match=r"settings\.published\.0\.source"):
        report_html(make_record(settings={"published": [{"method": "Theirs"}]}), make_scene())


def test_probes_have_a_section_where_a_record_has_any() -> None:
    probe = ProbeResult(what="class", read_from="z_v", accuracy=0.61, chance=0.25, bits=1.5, count=9, folds="subject")
    found = parsed(make_record(probes=[probe]))
    anchors = [attrs["id"] for tag, attrs in found.elements if tag == "section"]
    assert anchors == [*SECTIONS[:-1], "probes", SECTIONS[-1]]
    assert "the actionz_v61.025.01.502.009people" in re.sub(r"\s*\n\s*", "", found.text)


def test_scenes_are_checked() -> None:
    scene = make_scene()
    with pytest.raises(SadvaeError, match="different lengths"):
        ReportScene(scene.semantic[1:], scene.style, scene.labels, scene.is_seen, ())
    with pytest.raises(SadvaeError, match=r"expected \[frame, joint, 3\]"):
        SceneClip(np.zeros((3, 2), np.float32), BONES, "x", (("x", 1.0),))
    with pytest.raises(SadvaeError, match="without answers"):
        SceneClip(np.zeros((1, 5, 3), np.float32), BONES, "x", ())


def test_the_true_answer_is_always_among_those_shown() -> None:
    answers = tuple((name, 1 / len(NAMES)) for name in NAMES)
    clip = SceneClip(np.zeros((1, 5, 3), np.float32), BONES, NAMES[5], answers)
    assert [(rank, name) for rank, name, _ in clip.first_answers(3)] == [(1, "walk"), (2, "sit"), (6, "bow")]
    assert [rank for rank, _, _ in clip.first_answers(10)] == [1, 2, 3, 4, 5, 6]


def test_markup_escapes_text_and_attributes() -> None:
    assert element("p", "<b>", class_='"x"') == '<p class="&quot;x&quot;">&lt;b&gt;</p>'
    assert escaped(escaped("<")) == "&lt;"
    assert "<td>&lt;i&gt;</td>" in table(("name",), [("<i>",)])
    assert plot_text("a<b" + "c" * 50, 5) == "a&lt;bc…"


def test_json_cannot_end_its_script() -> None:
    value = {"a</script><!--": ["é", 1.5, None]}
    assert "<" not in script_json(value)
    assert json.loads(script_json(value)) == value
    with pytest.raises(ValueError):
        script_json(float("nan"))


def test_marks_of_48_classes_differ() -> None:
    assert len({strong(i)[:2] for i in range(48)}) == 48
