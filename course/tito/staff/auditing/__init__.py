"""The audit of a module: do its points mean something? Mutants, cheats, seeds and other right solutions, all judged."""
