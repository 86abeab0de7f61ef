"""A process that prepares parts: `python -m sadvae.skeleton.part_worker FOLDER`.

It reads part numbers from its standard input, one a line, and answers each with one line of JSON: {"kept": n} or
{"error": sentence}. It ends when its input does, so it does not outlive whoever started it. A process of its own, not
a copy of the caller's, needs a tenth of the memory: it imports no network library.
"""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from pathlib import Path

from sadvae.errors import SadvaeError
from sadvae.skeleton.parts import do_part, read_plan


def main() -> None:
    """Prepare parts of the folder's plan until there are no more numbers."""
    folder = Path(sys.argv[1])
    plan = read_plan(folder)
    for line in sys.stdin:
        answer: dict[str, object]
        if plan is None:
            answer = {"error": f"{folder} has no plan; prepare again."}
        else:
            try:
                answer = {"kept": do_part(plan, folder, int(line)).kept}
            except SadvaeError as error:
                answer = {"error": str(error)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    # Whoever started this is gone.
    with suppress(BrokenPipeError):
        main()
