"""A video file as a raw clip of the layout mediapipe-33."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from sadvae.errors import SadvaeError
from sadvae.skeleton.layouts import load_layout
from sadvae.types import SkeletonClip
from sadvae.video.capture import open_video
from sadvae.video.estimator import Estimator, Image, MediaPipePose
from sadvae.video.poses import Gap, Landmarks, clip_joints, fill_gaps, gaps_of
from sadvae.video.settings import VideoSettings

LAYOUT = "mediapipe-33"
# What a user is told beside every answer on a video.
ESTIMATED = (
    "Poses estimated from video differ from recorded ones; what that costs with real people is not measured "
    "(docs/video.md)."
)
Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class VideoClip:
    """The clip of a video, and which of its frames it rests on.

    clip: joints float32 [1, frame, 33, 3] in metres; a frame without a person is (0, 0, 0). rate: its frames a second.
    found: frames in which a person was found. filled: frames between them that were interpolated. left: the gaps that
    were too long for that.
    """

    clip: SkeletonClip
    rate: float
    found: int
    filled: int
    left: tuple[Gap, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on frames without a person; none where every frame has one."""
        said = []
        if self.filled:
            said.append(f"{self.clip.clip_id}: {self.filled} frames without a person were interpolated.")
        if self.left:
            frames, longest = sum(gap.frames for gap in self.left), max(self.left, key=lambda gap: gap.frames)
            start, end = longest.first / self.rate, (longest.last + 1) / self.rate
            said.append(
                f"{self.clip.clip_id}: {frames} of {self.clip.joints.shape[1]} frames have no person and are left out "
                f"(the longest stretch is from {start:.1f} to {end:.1f} seconds)."
            )
        return tuple(said)


def read_video(
    path: str | Path,
    settings: VideoSettings | None = None,
    *,
    name: str | None = None,
    estimator: Estimator | None = None,
    progress: Progress | None = None,
) -> VideoClip:
    """The poses of the one person in a video file, without label and subject.

    name: of the clip (default: the file's name without its ending). estimator: what finds the person (default:
    MediaPipe's model; give a fresh one for each video). progress is called with (frames read, frames in all or 0).
    Raises SadvaeError for a file that is no video, more than the settings allow, or shows no person.
    """
    path, chosen = Path(path), settings or VideoSettings()
    video = open_video(path, chosen)
    with nullcontext(estimator) if estimator is not None else MediaPipePose() as finder:
        found = [finder.landmarks(picture) for picture in _counted(video.pictures(), video.facts.frames, progress)]
    return clip_of(found, video.facts.kept_rate, name or path.stem, str(path), chosen)


def clip_of(
    found: Sequence[Landmarks | None], rate: float, name: str, where: str, settings: VideoSettings
) -> VideoClip:
    """The clip of what was found in frames at an even rate. Raises SadvaeError that names `where` for too few."""
    persons = sum(marks is not None for marks in found)
    if persons < settings.least_frames:
        seen = f"in {persons} of its {len(found)} frames" if persons else f"in any of its {len(found)} frames"
        raise SadvaeError(
            f"{where}: no person was found {seen}; {settings.least_frames} are needed. Film one whole person, head to "
            "feet, in good light."
        )
    joints, left = fill_gaps(clip_joints(found), gaps_of(found), int(settings.longest_gap * rate))
    missing = sum(gap.frames for gap in left)
    clip = SkeletonClip(joints[None], load_layout(LAYOUT), name)
    return VideoClip(clip, rate, persons, len(found) - persons - missing, tuple(left))


def _counted(pictures: Iterable[tuple[int, Image]], total: int, progress: Progress | None) -> Iterable[Image]:
    for number, picture in pictures:
        yield picture
        if progress is not None:
            progress(number + 1, total)
