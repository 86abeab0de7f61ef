"""The two errors a user of sadvae can meet: each is one clear sentence."""


class SadvaeError(Exception):
    """Bad input: what was found, what was expected, where, and what to do, in one sentence."""


class LeakageError(SadvaeError):
    """Something of an unseen class, a test clip or a test subject would reach training, calibration or selection."""
