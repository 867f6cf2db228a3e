"""The compiled learning loops: the caller allocates, a kernel fills.

`scalars` holds the laws of one step, `tables` lays an MDP and agents out for them, one file holds
each update rule, and `loop` runs them, one run after another.
"""
