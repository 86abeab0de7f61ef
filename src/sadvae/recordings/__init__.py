"""Recordings longer than one action: windows over time, segments with names, and answers while frames arrive."""
