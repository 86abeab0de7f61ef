"""The baselines by name: every method beside SA-DVAE's presets."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, signature
from typing import Any

from pydantic import ValidationError

from sadvae.errors import SadvaeError
from sadvae.faults import first_fault, unknown
from sadvae.methods.cada_vae import CADAVAE
from sadvae.methods.cca import CCA
from sadvae.methods.devise import DeViSE
from sadvae.methods.eszsl import ESZSL
from sadvae.methods.jpose import JPoSE
from sadvae.methods.neural import NeuralMethod
from sadvae.methods.protocol import Method
from sadvae.methods.revise import ReViSE
from sadvae.methods.ridge import RidgeNearestText
from sadvae.methods.sa_dvae import aligned_vae
from sadvae.methods.settings import PRESETS
from sadvae.methods.smie import SMIE
from sadvae.methods.synse import SynSE

NEURAL: dict[str, type[NeuralMethod]] = {
    "devise": DeViSE,
    "revise": ReViSE,
    "jpose": JPoSE,
    "cada_vae": CADAVAE,
    "synse": SynSE,
    "smie": SMIE,
}
_KINDS: dict[str, Callable[..., Method]] = {
    "ridge": RidgeNearestText,
    "eszsl": ESZSL,
    "cca": CCA,
    **NEURAL,
    "aligned_vae": aligned_vae,
}
BASELINES = tuple(_KINDS)


def baseline(name: str, changes: dict[str, Any] | None = None) -> Method:
    """A baseline by name, with changes to its settings. Raises SadvaeError for an unknown name or setting."""
    if name not in BASELINES:
        raise SadvaeError(
            f"unknown method {name!r}; expected {', '.join(BASELINES)}, or an SA-DVAE preset: {', '.join(PRESETS)}."
        )
    if "name" in (changes or {}):
        raise SadvaeError(f"the name of {name} is no setting; leave it out.")
    _check_known(name, changes or {})
    try:
        return _KINDS[name](**(changes or {}))
    except ValidationError as error:
        raise SadvaeError(f"{name} setting {first_fault(error)}.") from error


def _check_known(name: str, changes: dict[str, Any]) -> None:
    """Refuse a setting that a baseline does not have; one that hands its settings on (aligned_vae) looks itself."""
    parameters = signature(_KINDS[name]).parameters.values()
    known = [parameter.name for parameter in parameters if parameter.name != "name"]
    stray = next((setting for setting in changes if setting not in known), None)
    if stray is not None and not any(parameter.kind is Parameter.VAR_KEYWORD for parameter in parameters):
        raise SadvaeError(f"{name} setting {unknown(stray, known)}.")
