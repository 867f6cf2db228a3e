"""The compiled learning loops: the caller allocates, a kernel fills.

`scalars` holds the laws of one step, and `layout` lays an MDP and agents out for them. Each update
rule stands in a file of its own. `loop` trains one run after another, `lockstep` many side by side.
"""
