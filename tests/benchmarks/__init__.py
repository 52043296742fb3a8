"""Speed and memory against peers, in the same run: `make bench`, `make bench BENCH=tito`."""
