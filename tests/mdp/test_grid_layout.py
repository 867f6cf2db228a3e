"""Where the states of a grid world lie, and what pictures of it show."""

import json
import pickle

import numpy as np
import pytest

import fastq
from fastq.mdp.grid_layout import GridLayout, as_image, as_text, from_json

FIELDS = {"shape": (2, 3), "moves": ((0, 1), (1, 0)), "start": 0, "goal": 5}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shape": (0, 3)}, "shape.0 = 0: must be an integer from 1"),
        ({"goal": 6}, "layout.goal = 6: must be states from 0 to 5"),
        ({"start": -1}, "start = -1: must be an integer from 0"),
        ({"walls": (1, 9)}, r"layout.walls = \(1, 9\): must be states from 0 to 5"),
        ({"cliff": (1.5,)}, "cliff.0 = 1.5: must be an integer"),
        ({"wind": (1, 2)}, r"layout.wind = \(1, 2\): must have 3 numbers, or none"),
        ({"moves": ((1,),)}, "moves.0.1 is missing"),
    ],
)
def test_bad_layouts(changes, message):
    with pytest.raises(fastq.InputError, match=message):
        GridLayout(**{**FIELDS, **changes})


def test_layouts_are_equal_by_value_and_can_be_copied():
    layout = GridLayout(**FIELDS, walls=(np.int64(1),))
    assert layout == GridLayout(**FIELDS, walls=(1,)) != GridLayout(**FIELDS)
    assert pickle.loads(pickle.dumps(layout)) == layout
    assert from_json(json.loads(json.dumps(layout.model_dump()))) == layout


def test_text():
    layout = GridLayout(**FIELDS, walls=(1,), cliff=(4,), wind=(0, 1, 2))
    assert as_text(layout, 2) == "S # x\n. C G\n0 1 2\n"
    assert as_text(GridLayout(**FIELDS), None) == "S . .\n. . G\n"


def test_image():
    plain = as_image(GridLayout(**FIELDS), None)
    assert (plain.shape, plain.dtype) == ((48, 72, 3), np.uint8)
    for field, cell in (("walls", 1), ("cliff", 4)):
        marked = as_image(GridLayout(**FIELDS, **{field: (cell,)}), None)
        rows, columns = np.nonzero((marked != plain).any(axis=2))
        assert set((rows // 24 * 3 + columns // 24).tolist()) == {cell}
    gale = as_image(GridLayout(**FIELDS, wind=(0, 9, -9)), None)
    assert gale[12, 36].tolist() == [0, 30, 156]  # shades end at black and white
