"""Finite Markov decision processes: tables, the ways into them, and exact planning."""
