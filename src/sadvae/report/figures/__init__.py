"""Figures for papers, one a file: each a function from plain data to a matplotlib figure."""
