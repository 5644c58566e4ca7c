"""What Stentor costs, measured: `make bench`. `tests/test_benchmarks.py` keeps it running."""
