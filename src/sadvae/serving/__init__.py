"""The local page and its JSON interface: a web server on this machine alone, and one process that does the work."""
