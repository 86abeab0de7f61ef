"""`python -m sadvae`: the same as the command `sadvae`."""

from __future__ import annotations

from sadvae.cli.main import main

if __name__ == "__main__":
    main()
