"""Benchmarks. They print ratios to a limit measured in the same run; no test asserts them."""
