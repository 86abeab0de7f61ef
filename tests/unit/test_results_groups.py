"""Which records share a section of RESULTS.md, and what tells their splits apart."""

from __future__ import annotations

from sadvae.record import RunRecord
from sadvae.report.results import results_markdown
from tests.unit.test_results import row
from tests.unit.test_results_many import records


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


def test_imported_features_of_several_encoders_and_other_texts_are_kept_apart() -> None:
    other = [r.model_copy(update={"name": f"other-{r.split}"}) for r in imported(features="other ")]
    apart = results_markdown([*imported(), *other])
    assert apart.count("\n- Classes: ") == 6
    assert "other clips, features or texts (" in apart
    text = results_markdown([*imported(), *imported(texts="0f0f0f0f")])
    assert text.count("\n- Classes: ") == 2
    assert "| text.encoder = " in text
    assert "/packs" not in text.split("Do other settings matter?")[1]
