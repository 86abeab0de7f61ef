"""Colours and symbols that colour-blind people can tell apart."""

from __future__ import annotations

import colorsys

# Okabe and Ito (2008), without black and with yellow last, for it is weak on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A5195", "#B8A600")
# Plotly's name of a symbol, and the character that looks like it.
SYMBOLS = (("circle", "●"), ("square", "■"), ("triangle-up", "▲"), ("diamond", "◆"), ("star", "★"), ("x", "✖"))

RIGHT = COLOURS[0]
WRONG = COLOURS[1]
INK = "#1d2733"
MUTED = "#5b6876"
LINE = "#d7dee6"


def strong(position: int) -> tuple[str, str, str]:
    """Colour, Plotly symbol and character of the class at a position: no two of the first 48 agree in both."""
    turn, colour = divmod(position, len(COLOURS))
    symbol, character = SYMBOLS[(colour + turn) % len(SYMBOLS)]
    return COLOURS[colour], symbol, character


def pale(position: int) -> str:
    """A weak colour for the class at a position, far from that of its neighbours."""
    red, green, blue = colorsys.hls_to_rgb((position * 0.61803398875) % 1, 0.78, 0.42)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"
