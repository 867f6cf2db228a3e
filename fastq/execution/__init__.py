"""Sweeps that run: cut into chunks, handed to engines, raced, planned and verified."""
