"""The shape of a run: what runs that train as one must have in common, and the memory that one takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sadvae.errors import SadvaeError
from sadvae.methods.settings import SADVAESettings
from sadvae.task import ZeroShotTask

# Settings of the arithmetic's numbers and of the unseen decision; all others are part of the shape.
MAY_DIFFER = frozenset(
    {
        "learning_rate",
        "noise",
        "schedule",
        "kl_weight",
        "cross_weight",
        "total_correlation_weight",
        "discriminator_damped",
        "unseen_rule",
        "temperature",
        "classifier_relu",
        "classifier_samples",
        "classifier_steps",
        "classifier_learning_rate",
    }
)
_FLOAT = 4


@dataclass(frozen=True, eq=False)
class StackedRun:
    """One training of a stack: SA-DVAE with these settings on this task, from this seed."""

    task: ZeroShotTask
    settings: SADVAESettings
    seed: int


@dataclass(frozen=True)
class RunShape:
    """steps an epoch and clips in the last of them; widths of features and texts, and that which the text trains in.

    settings: names and values of all settings that change the shape of a tensor or the kind of an operation.
    """

    steps: int
    last_batch: int
    features: int
    texts: int
    text_space: int
    latent: int
    style: int
    settings: tuple[tuple[str, object], ...]

    @staticmethod
    def of(run: StackedRun) -> RunShape:
        """The shape of a run, read off its task and settings.

        Where the text trains in the span of the training texts, these are taken to be independent.
        """
        settings, task = run.settings, run.task
        kept = tuple((name, value) for name, value in settings.model_dump().items() if name not in MAY_DIFFER)
        steps, last = settings.iterations_per_epoch, settings.batch_size
        if steps is None:
            steps, last = -(-len(task.train.labels) // last), (len(task.train.labels) - 1) % last + 1
        width = task.classes.vectors.shape[1]
        span = width
        if settings.narrows_text:
            classes = len(set(task.train.labels.tolist()))
            span = max(1, min(width, classes - 1 if settings.standardise else classes))
        features = task.train.features.shape[1]
        return RunShape(steps, last, features, width, span, settings.latent, settings.style, kept)

    @property
    def batch(self) -> int:
        """Clips in a step."""
        return int(str(dict(self.settings)["batch_size"]))

    def parameters(self, text: int) -> int:
        """The number of parameters with texts of a width: both autoencoders', and D_T's."""
        d, r, z = self.features, self.latent, self.latent + self.style
        hidden = max(z // 4, 1)
        autoencoders = (d + 1) * 2 * z + (z + 1) * d + (text + 1) * 2 * r + (r + 1) * text
        return autoencoders + (z + 1) * hidden + hidden + 1


def device_bytes(shape: RunShape) -> int:
    """What a run takes on the device that trains it: parameters, gradients, Adam's two moments, and one step's tensors.

    Its training data come on top on a GPU, once for all runs that share them.
    """
    # Of one clip: features and texts as they are taken and decoded, latents with their noise and gradients.
    z = shape.latent + shape.style
    one_clip = 6 * shape.features + 5 * shape.text_space + 14 * z + 12 * shape.latent
    return _FLOAT * (4 * shape.parameters(shape.text_space) + shape.batch * one_clip)


def host_bytes(shape: RunShape) -> int:
    """What a run takes in main memory whatever the device: its start, and networks of full width twice.

    The second are the trained ones, which the caller keeps.
    """
    return _FLOAT * (shape.parameters(shape.text_space) + 2 * shape.parameters(shape.texts))


def kept_bytes(shape: RunShape) -> int:
    """What a run's networks after each of its epochs take in main memory, for whoever keeps them to pick one."""
    return _FLOAT * int(str(dict(shape.settings)["epochs"])) * shape.parameters(shape.texts)


def check_equal_shapes(shapes: Sequence[RunShape]) -> None:
    """Raises SadvaeError that names the first run of another shape, and what differs."""
    first = _named(shapes[0])
    for number, shape in enumerate(shapes):
        for name, value in _named(shape).items():
            if value != first[name]:
                raise SadvaeError(
                    f"run {number} has {name} {value}, run 0 has {first[name]}; runs train as one only where their "
                    "shapes are equal: fit these apart."
                )


def _named(shape: RunShape) -> dict[str, object]:
    return {
        "the width of features": shape.features,
        "the width of texts": shape.texts,
        **dict(shape.settings),
        "the number of steps an epoch": shape.steps,
        "the number of clips in an epoch's last step": shape.last_batch,
        "the number of dimensions that its training texts span": shape.text_space,
    }


def parts_that_fit(each: int, data: Sequence[int], budget: int) -> Iterator[slice]:
    """Divide runs so that every part fits a budget of bytes; each: of one run. data: of each run's training data.

    Neighbours with the same number share their data: `data` holds 0 for all but the first of them. Raises SadvaeError
    where one run does not fit.
    """
    begin, used = 0, 0
    shared = 0
    for run, own in enumerate(data):
        shared = own or shared
        if each + shared > budget:
            raise SadvaeError(
                f"one run takes {(each + shared) / 2**20:.1f} MiB and {budget / 2**20:.1f} MiB are there; raise the "
                "budget, or train on a machine with more memory."
            )
        if used + each + own > budget:
            yield slice(begin, run)
            begin, used = run, shared - own
        used += each + own
    yield slice(begin, len(data))
