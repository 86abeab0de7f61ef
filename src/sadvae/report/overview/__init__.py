"""One page over many records: a table to search, sort and filter, and charts."""
