"""Generated motion: an articulated body that performs named actions, seen by a noisy sensor."""

from sadvae.skeleton.generated.actions import ACTIONS, Action, Move, action_names
from sadvae.skeleton.generated.generate import generate_clip_set
from sadvae.skeleton.generated.settings import GeneratedSettings
from sadvae.skeleton.generated.split import generated_split

__all__ = ["ACTIONS", "Action", "GeneratedSettings", "Move", "action_names", "generate_clip_set", "generated_split"]
