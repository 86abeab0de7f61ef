"""Many experiments and seeds in several processes: a plan, the processes, and what became of each run."""
