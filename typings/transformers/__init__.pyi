# The package takes pyright a quarter of a minute to read, and says little of its types.
from typing import Any

def __getattr__(name: str) -> Any: ...
