"""What rows of a part may say: numbers that no run can have are refused."""

import numpy as np
import pytest

from fastq.base.validation import LARGEST
from fastq.study.storage.rows import _check_numbers


def blocks(*pairs):
    """Give the sizes and the first runs of blocks, as columns."""
    sizes, first = np.array(pairs, dtype=np.int64).T
    return {"runs": sizes[:, None]}, first[:, None]


@pytest.mark.parametrize("pairs", [[(1, 0)], [(4, 8), (1, 3)], [(LARGEST + 1, 0), (2, 2)]])
def test_blocks_begin_at_multiples_of_their_sizes(pairs):
    _check_numbers(*blocks(*pairs))


@pytest.mark.parametrize("bad", [(3, 0), (0, 0), (-2, 0), (4, 2), (2 * (LARGEST + 1), 0)])
def test_a_single_bad_block_is_found_among_good_ones(bad):
    for pairs in ([bad], [bad, (1, 1)], [(1, 1), bad]):
        with pytest.raises(ValueError, match="no block of runs"):
            _check_numbers(*blocks(*pairs))
