"""Samples of runs to estimate from, and what NumPy and scipy say of them."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

ESTIMATORS = {
    "mean": np.mean,
    "median": np.median,
    "iqm": lambda x, axis=0: stats.trim_mean(x, 0.25, axis=axis),
    "quantile:0.9": lambda x, axis=0: np.quantile(x, 0.9, axis=axis),
    "quantile:0": np.min,
}
samples_of = arrays(
    np.float64, st.tuples(st.integers(2, 8), st.integers(1, 4)), elements=st.floats(-1e6, 1e6)
)
