"""Built-in class lists are whole and well written; lists of users are read or refused with one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sadvae.errors import SadvaeError
from sadvae.files import read_json
from sadvae.text.class_lists import class_texts, dataset_names, known_descriptions, read_class_texts
from sadvae.types import ClassTexts, duplicates

COUNTS = {"generated": 36, "msr_action3d": 20, "ntu120": 120, "ntu60": 60, "pku51": 51, "utd_mhad": 27}
datasets = pytest.mark.parametrize("dataset", COUNTS)


def write(folder: Path, value: object) -> Path:
    path = folder / "mine.json"
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def test_the_known_datasets() -> None:
    assert dataset_names() == tuple(sorted(COUNTS))


@datasets
def test_ids_are_positions(dataset: str) -> None:
    texts = class_texts(dataset)
    assert texts.ids == tuple(range(COUNTS[dataset]))
    assert not duplicates(texts.names)


@datasets
def test_every_class_has_whole_sentences_of_its_own(dataset: str) -> None:
    texts = class_texts(dataset)
    sentences = [sentence for of_class in texts.descriptions for sentence in of_class]
    assert min(len(of_class) for of_class in texts.descriptions) >= 2
    assert not duplicates(sentences)
    for sentence in sentences:
        assert sentence.isascii(), sentence
        assert sentence[0].isupper(), sentence
        assert sentence.endswith("."), sentence
        assert sentence == " ".join(sentence.split()), sentence
        assert 6 <= len(sentence.split()) <= 40, sentence


def test_descriptions_of_two_people_say_so() -> None:
    texts = class_texts("ntu120")
    pairs = {*range(49, 60), *range(105, 120)}
    for i, of_class in zip(texts.ids, texts.descriptions, strict=True):
        assert of_class[0].startswith("Two people") == (i in pairs), texts.names[i]


def test_ntu60_is_the_first_half_of_ntu120() -> None:
    half, whole = class_texts("ntu60"), class_texts("ntu120")
    assert half.names == whole.names[:60]
    assert half.descriptions == whole.descriptions[:60]


def test_names_are_the_published_ones(real_data: Path) -> None:
    path = real_data.parent / "class_names.json"
    if not path.is_file():
        pytest.skip(f"no published names at {path}")
    published = {name: tuple(names) for name, names in read_json(path).items() if isinstance(names, list)}
    assert set(published) == set(COUNTS) - {"generated", "ntu60"}
    assert {name: class_texts(name).names for name in published} == published


def test_an_unknown_dataset_lists_the_known_ones() -> None:
    with pytest.raises(SadvaeError, match=r"'ntu61'.*generated, msr_action3d, ntu120, ntu60, pku51, utd_mhad"):
        class_texts("ntu61")


@pytest.mark.parametrize("name", ["../../types", "", "__init__"])
def test_a_dataset_is_never_a_path(name: str) -> None:
    with pytest.raises(SadvaeError, match="no built-in class texts"):
        class_texts(name)


def test_a_list_of_names_and_of_objects(tmp_path: Path) -> None:
    path = write(
        tmp_path, [" wave ", {"name": "squat", "descriptions": [" The knees bend. "]}, {"id": 2, "name": "run"}]
    )
    expected = ClassTexts((0, 1, 2), ("wave", "squat", "run"), ((), ("The knees bend.",), ()))
    assert read_class_texts(path) == expected


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ([], "an empty list"),
        ({"wave": "..."}, "an object with 'wave'"),
        ("wave", "'wave'"),
        (["a", 3], "entry 1 is 3"),
        (["a", None], "entry 1 is None"),
        ([{"title": "a"}], "entry 0 is an object with 'title'"),
        ([{"descriptions": []}], "entry 0 has no name"),
        (["a", "  "], "entry 1 has an empty name"),
        ([{"name": 5}], "entry 0 has no name"),
        ([{"name": "a", "descriptions": "One."}], "'a'.*not a list of sentences"),
        ([{"name": "a", "descriptions": ["One.", 2]}], "'a'.*not a list of sentences"),
        ([{"name": "a", "descriptions": [""]}], "'a'.*not a list of sentences"),
        ([{"id": 4, "name": "a"}], "id 4; ids are positions"),
        (["a", "b", "a "], "'a' more than once"),
    ],
)
def test_faulty_lists_are_refused(content: object, said: str, tmp_path: Path) -> None:
    path = write(tmp_path, content)
    with pytest.raises(SadvaeError, match=said) as caught:
        read_class_texts(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_are_no_json(tmp_path: Path) -> None:
    with pytest.raises(SadvaeError, match="does not exist"):
        read_class_texts(tmp_path / "none.json")
    (tmp_path / "bad.json").write_bytes(b"\xff[")
    with pytest.raises(SadvaeError, match=r"bad\.json is not valid JSON"):
        read_class_texts(tmp_path / "bad.json")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "name", "descriptions", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(json_values)
def test_any_json_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, value: object) -> None:
    path = write(tmp_path_factory.getbasetemp(), value)
    try:
        texts = read_class_texts(path)
    except SadvaeError:
        return
    assert isinstance(value, list)
    assert texts.ids == tuple(range(len(value)))


def test_descriptions_of_a_known_name_are_found_in_any_case() -> None:
    texts = class_texts("utd_mhad")
    assert known_descriptions(" Bowling ") == texts.descriptions[texts.names.index("bowling")]
    assert known_descriptions("fly to the moon") == ()
