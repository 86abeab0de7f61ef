"""Search over settings on held-out classes: the space, the levels that trials see, the study, and what came out."""
