"""Web: the pages. It translates between people and the verbs, and holds nothing else."""
