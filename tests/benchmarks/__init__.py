"""Speed and memory compared with peers in the same run: `make bench`, `make bench BENCH=tito`."""
