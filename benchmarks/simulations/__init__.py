"""Benchmarks whose truth is known, simulated to count how often a bound errs."""
