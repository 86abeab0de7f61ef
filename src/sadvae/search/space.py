"""The search file: which settings of a method may vary, and over which values."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, StrictBool, StrictFloat, StrictInt, TypeAdapter, ValidationError

from sadvae.errors import SadvaeError
from sadvae.files import read_bytes
from sadvae.methods.protocol import Method
from sadvae.methods.sa_dvae import SADVAE
from sadvae.methods.taught import Taught
from sadvae.methods.taught_sa_dvae import TaughtSADVAE
from sadvae.settings import ExperimentSettings, PresetSettings, TextSettings
from sadvae.stages import main_method
from sadvae.text.prompts import check_mode

# Stands for the mode of [text] among the settings of the method.
TEXT_MODE = "text.mode"
_EXAMPLE = "latent = { low = 32, high = 320, log = true } or unseen_rule = ['cosine', 'both']"
Value = bool | int | float | str


class _Ends(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    low: StrictInt | StrictFloat
    high: StrictInt | StrictFloat
    log: StrictBool = False


@dataclass(frozen=True)
class Span:
    """A setting that takes numbers from low to high, both included. log: by their size. whole: whole numbers alone."""

    name: str
    low: float
    high: float
    log: bool
    whole: bool

    def holds(self, value: Any) -> bool:
        """Whether a value lies in the span."""
        return isinstance(value, int | float) and not isinstance(value, bool) and self.low <= value <= self.high


@dataclass(frozen=True)
class Choice:
    """A setting that takes one of several values."""

    name: str
    values: tuple[Value, ...]

    def holds(self, value: Any) -> bool:
        """Whether a value is among them."""
        return value in self.values


class Suggests(Protocol):
    """Who picks values: a trial of Optuna."""

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float: ...

    def suggest_int(self, name: str, low: int, high: int, *, log: bool = False) -> int: ...

    def suggest_categorical(self, name: str, choices: tuple[Value, ...]) -> Any: ...


@dataclass(frozen=True)
class Space:
    """All that may vary in a search."""

    settings: tuple[Span | Choice, ...]

    def suggest(self, trial: Suggests) -> dict[str, Value]:
        """The values of one trial by setting."""
        return {setting.name: _suggested(setting, trial) for setting in self.settings}

    def text_modes(self, default: str) -> tuple[str, ...]:
        """The text modes that trials need vectors of; the default where the mode does not vary."""
        found = next((s.values for s in self.settings if s.name == TEXT_MODE and isinstance(s, Choice)), (default,))
        return tuple(map(str, found))

    def values_of(self, settings: ExperimentSettings) -> dict[str, Value] | None:
        """The values that an experiment has itself; None where one of them lies outside the space."""
        own = _own_values(settings)
        inside = all(setting.holds(own.get(setting.name)) for setting in self.settings)
        return {setting.name: own[setting.name] for setting in self.settings} if inside else None


def with_values(settings: ExperimentSettings, values: Mapping[str, Value]) -> ExperimentSettings:
    """The experiment with the values of a trial in place of its own."""
    changes = {name: value for name, value in values.items() if name != TEXT_MODE}
    method = PresetSettings(preset=settings.method.preset, changes=settings.method.changes | changes)
    mode = str(values.get(TEXT_MODE, settings.text.mode))
    return settings.model_copy(
        update={"method": method, "text": TextSettings(encoder=settings.text.encoder, mode=mode)}
    )


def read_space(path: Path, settings: ExperimentSettings) -> Space:
    """Read a search file for an experiment. Raises SadvaeError that names the setting that its method does not take."""
    try:
        given = tomllib.loads(read_bytes(path).decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SadvaeError(f"{path} is not valid TOML: {error}.") from error
    stray = sorted(set(given) - {"method", "text"}) + sorted(set(_table(given, "text", path)) - {"mode"})
    if stray:
        raise SadvaeError(f"{path}: {stray[0]!r} cannot be searched; it has a table [method], and [text] with mode.")
    entries = _table(given, "method", path)
    found = [_setting(name, entry, settings.method, path) for name, entry in entries.items()]
    if "text" in given:
        found.append(_modes(given["text"].get("mode"), path))
    if not found:
        raise SadvaeError(f"{path} names no setting; write below [method], for example, {_EXAMPLE}.")
    return Space(tuple(found))


def _table(given: dict[str, Any], name: str, path: Path) -> dict[str, Any]:
    if not isinstance(given.get(name, {}), dict):
        raise SadvaeError(f"{path}: {name} is {given[name]!r}; expected a table [{name}].")
    return given.get(name, {})


def _modes(entry: Any, path: Path) -> Choice:
    if not isinstance(entry, list) or len(entry) < 2:
        raise SadvaeError(f"{path}: text.mode is {entry!r}; expected a list of two modes or more.")
    for mode in entry:
        check_mode(str(mode))
    return Choice(TEXT_MODE, tuple(map(str, entry)))


def _setting(name: str, entry: Any, method: PresetSettings, path: Path) -> Span | Choice:
    where, types = f"{path}: method.{name}", _types(method)
    if name not in types:
        raise SadvaeError(f"{where} is no setting of {method.preset}; expected one of {', '.join(types)}.")
    if isinstance(entry, dict):
        return _span(name, entry, types[name], method, where)
    if not isinstance(entry, list) or len(entry) < 2:
        raise SadvaeError(f"{where} is {entry!r}; expected a range or a list of two values or more, as in {_EXAMPLE}.")
    for value in entry:
        if not isinstance(value, Value):
            raise SadvaeError(f"{where} lists {value!r}; expected words, numbers, true or false.")
        _try(name, value, method, where)
    return Choice(name, tuple(entry))


def _span(name: str, entry: dict[str, Any], kind: Any, method: PresetSettings, where: str) -> Span:
    try:
        ends = _Ends.model_validate(entry)
    except ValidationError as error:
        first = error.errors()[0]
        raise SadvaeError(f"{where}: {first['loc'][0]}: {first['msg']}; expected a range as in {_EXAMPLE}.") from error
    if not ends.low < ends.high:
        raise SadvaeError(f"{where} goes from {ends.low} to {ends.high}; low must be less than high.")
    if ends.log and ends.low <= 0:
        raise SadvaeError(f"{where} begins at {ends.low}; with log = true, low must be more than 0.")
    if not _takes(kind, 2) or _takes(kind, True):
        raise SadvaeError(f"{where} takes no numbers; list the values to try, as in {_EXAMPLE}.")
    whole = not _takes(kind, 0.5)
    if whole and not (isinstance(ends.low, int) and isinstance(ends.high, int)):
        raise SadvaeError(f"{where} takes whole numbers; found {ends.low} to {ends.high}.")
    for end in (ends.low, ends.high):
        _try(name, end, method, where)
    return Span(name, ends.low, ends.high, ends.log, whole)


def _holder(method: Method) -> Any:
    """What holds a method's settings: an object of its own, or the method itself."""
    return method.settings if isinstance(method, SADVAE | Taught | TaughtSADVAE) else method


def _types(chosen: PresetSettings) -> dict[str, Any]:
    """The types of a method's settings by name."""
    method = main_method(chosen)
    fields = type(_holder(method)).model_fields
    return {name: field.annotation for name, field in fields.items() if name != "name"}


def _takes(kind: Any, value: Any) -> bool:
    try:
        TypeAdapter(kind).validate_python(value, strict=True)
    except ValidationError:
        return False
    return True


def _try(name: str, value: Value, method: PresetSettings, where: str) -> None:
    """Refuse a value that the method does not take."""
    try:
        main_method(PresetSettings(preset=method.preset, changes=method.changes | {name: value}))
    except SadvaeError as error:
        raise SadvaeError(f"{where}: {value!r} is refused: {error}") from error


def _own_values(settings: ExperimentSettings) -> dict[str, Any]:
    method = main_method(settings.method)
    holder = _holder(method)
    return {name: getattr(holder, name) for name in _types(settings.method)} | {TEXT_MODE: settings.text.mode}


def _suggested(setting: Span | Choice, trial: Suggests) -> Value:
    if isinstance(setting, Choice):
        return trial.suggest_categorical(setting.name, setting.values)
    if setting.whole:
        return trial.suggest_int(setting.name, int(setting.low), int(setting.high), log=setting.log)
    return trial.suggest_float(setting.name, setting.low, setting.high, log=setting.log)
