"""The sandbox around a worker: where student code runs, and what it can reach from there."""
