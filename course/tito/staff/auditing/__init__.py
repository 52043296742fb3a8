"""The audit of a module: are its points earned? It judges mutants, cheats, seeds and other right solutions."""
