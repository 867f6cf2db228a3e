"""Runs: streams, kernels, parity with the reference, and failures."""
