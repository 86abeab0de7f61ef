"""The sections of the report page, one a file."""
