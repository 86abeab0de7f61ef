"""Which records share a section of RESULTS.md, and what tells their splits apart."""

from __future__ import annotations

from sadvae.record import RunRecord
from sadvae.report.readme import readme_table
from sadvae.report.results import results_markdown
from tests.unit.test_results import row
from tests.unit.test_results_many import MAIN, records


def imported(texts: str = "7133f0bc", features: str = "") -> list[RunRecord]:
    """Runs on features of one pack a split, each pack with its own file of the same vectors."""
    encoder = {"preset": "imported", "changes": {}}
    return [
        r.model_copy(
            update={
                "settings": {
                    **r.settings,
                    "encoder": encoder,
                    "text": {"encoder": f"/packs/{texts}/{r.split}/embeddings.npz", "mode": "imported"},
                },
                "data_hashes": {"features": f"{features}{r.split}", "texts": texts},
            }
        )
        for r in records()
    ]


def test_imported_features_are_averaged_over_splits() -> None:
    text = results_markdown(imported())
    assert text.count("\n- Classes: ") == 1
    assert row(text, "SA-DVAE (sadvae)", "last epoch")[2] == "6"
    assert "Do other settings matter?" not in text
    files = [f"encoder /packs/7133f0bc/{split}/embeddings.npz, mode imported" for split in ("first", "second", "third")]
    assert f"- Texts: {' / '.join(files)}\n" in text


def test_imported_features_of_several_encoders_and_other_texts_are_kept_apart() -> None:
    other = [r.model_copy(update={"name": f"other-{r.split}"}) for r in imported(features="other ")]
    apart = results_markdown([*imported(), *other])
    assert apart.count("\n- Classes: ") == 6
    assert "other clips, features or texts (" in apart
    text = results_markdown([*imported(), *imported(texts="0f0f0f0f")])
    assert text.count("\n- Classes: ") == 2
    assert "| text.encoder = " in text
    assert "/packs" not in text.split("Do other settings matter?")[1]


def test_two_splits_of_one_name_are_two() -> None:
    same = [r.model_copy(update={"split": "split.json", "name": "mine"}) for r in records()[:4]]
    assert "| sticks 4/2, 2 splits, 4 runs, last epoch |" in readme_table(same)
    text = results_markdown(same)
    assert "## sticks, 4 seen and 2 unseen classes\n" in text
    names = [line.split(" | ")[0] for line in text.splitlines() if line.startswith("| split.json #")]
    assert len(set(names)) == 2
    said = next(line for line in text.splitlines() if line.startswith("- Splits: "))
    assert all(name[2:] in said for name in names)
    shown = {row(text, name[2:])[1].split(" ± ")[0] for name in names}
    assert shown == {f"{100 * MAIN[i].mean():.1f}" for i in range(2)}
    # The same unseen classes under two names are one split.
    renamed = [r.model_copy(update={"split": "again", "name": "again"}) for r in records()[:2]]
    assert row(results_markdown([*records(), *renamed]), "SA-DVAE (sadvae)")[2] == "6"


def test_a_split_of_the_same_name_is_no_variant_of_another() -> None:
    first, second = ([r.model_copy(update={"split": "split.json"}) for r in records()[i : i + 2]] for i in (0, 2))
    changed = {"encoder": {"preset": "kinematics"}}
    other = [r.model_copy(update={"settings": r.settings | changed}) for r in second[:1]]
    assert len(readme_table([*first, *other]).splitlines()) == 4
