"""Benchmarks of the generated project: ratios against the published peer package and against bare programs, in one run."""
