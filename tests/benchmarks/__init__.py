"""Benchmarks: ratios against a named baseline, measured in one run on one machine. Not tests."""
