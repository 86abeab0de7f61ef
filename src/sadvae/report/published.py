"""The published results that the experiment file of a record names."""

from __future__ import annotations

from pydantic import TypeAdapter, ValidationError

from sadvae.errors import SadvaeError
from sadvae.record import RunRecord
from sadvae.settings import PublishedResult


def published_results(record: RunRecord) -> tuple[PublishedResult, ...]:
    """settings["published"] of a record. Raises SadvaeError that names the faulty field if it holds something else."""
    try:
        return TypeAdapter(tuple[PublishedResult, ...]).validate_python(record.settings.get("published", ()))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, ("settings", "published", *first["loc"])))
        raise SadvaeError(f"the record of {record.name!r}, seed {record.seed}: {field}: {first['msg']}.") from error
