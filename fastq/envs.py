"""The gymnasium face: any `FiniteMDP` as an environment, and the registered Windy Gridworld.

As gymnasium's toy-text environments do, these expose their dynamics as ``unwrapped.P``
(``P[state][action]`` lists probability, next state, reward, terminated) and draw one uniform from
``np_random`` for each reset and each step; a deterministic environment draws none.
"""

from typing import Any

import gymnasium
import numpy as np
from gymnasium.envs.toy_text.utils import categorical_sample
from numpy.typing import NDArray

from fastq.gridworlds import windy_gridworld
from fastq.mdp import FiniteMDP, Outcome
from fastq.validation import choose

_CELL = 24
_PAPER, _LINE, _GUST = (255, 255, 255), (200, 200, 200), (41, 25, 11)
_START, _GOAL, _AGENT = (230, 159, 0), (0, 158, 115), (0, 114, 178)
_RGB = NDArray[np.uint8]


class TabularEnv(gymnasium.Env[int, int]):
    """A `FiniteMDP` as a gymnasium environment.

    Time limits are left to gymnasium's `TimeLimit` wrapper, as is its custom.
    """

    metadata = {"render_modes": [], "render_fps": 4}

    def __init__(self, mdp: FiniteMDP) -> None:
        self.observation_space = gymnasium.spaces.Discrete(mdp.num_states)  # type: ignore[assignment]
        self.action_space = gymnasium.spaces.Discrete(mdp.num_actions)  # type: ignore[assignment]
        self.P = _outcomes(mdp)
        self.initial_state_distrib = mdp.start
        self.layout = mdp.layout
        self._deterministic = mdp.deterministic
        self._state: int | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Start an episode."""
        super().reset(seed=seed, options=options)
        if self._deterministic:
            self._state = int(np.argmax(self.initial_state_distrib))
        else:
            self._state = int(categorical_sample(self.initial_state_distrib, self.np_random))
        return self._state, {"prob": float(self.initial_state_distrib[self._state])}

    def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
        """Take an action."""
        if self._state is None:
            raise gymnasium.error.ResetNeeded("reset the environment before the first step")
        outcomes = self.P[self._state][int(action)]
        drawn = 0
        if not self._deterministic:
            drawn = int(categorical_sample([outcome[0] for outcome in outcomes], self.np_random))
        probability, self._state, reward, terminated = outcomes[drawn]
        return self._state, reward, terminated, False, {"prob": probability}


class WindyGridworld(TabularEnv):
    """Windy Gridworld, registered as ``fastq/WindyGridworld-v0``.

    Parameters
    ----------
    moves, stochastic_wind
        As `fastq.windy_gridworld` takes them.
    render_mode : {None, "ansi", "rgb_array"}

    Notes
    -----
    Source: Sutton & Barto, 2nd edition, example 6.5 and exercises 6.9 and 6.10.
    """

    metadata = {"render_modes": ["ansi", "rgb_array"], "render_fps": 4}

    def __init__(
        self,
        moves: str = "four",
        stochastic_wind: bool = False,
        render_mode: str | None = None,
    ) -> None:
        super().__init__(windy_gridworld(moves=moves, stochastic_wind=stochastic_wind))
        if render_mode is not None:
            choose("render_mode", render_mode, self.metadata["render_modes"])
        self.render_mode = render_mode

    def render(self) -> str | _RGB | None:
        """Draw the grid as text, or as an image of shape (height, width, 3)."""
        if self.render_mode is None:
            gymnasium.logger.warn("render() draws nothing: make the environment with a render_mode")
            return None
        return self._text() if self.render_mode == "ansi" else self._image()

    def _text(self) -> str:
        """Write x for the agent, S and G for start and goal, and the wind below its columns."""
        assert self.layout is not None
        rows, columns = self.layout.shape
        marks = {self.layout.start: "S", self.layout.goal: "G", self._state: "x"}
        cells = [marks.get(state, ".") for state in range(rows * columns)]
        lines = [" ".join(cells[row * columns : (row + 1) * columns]) for row in range(rows)]
        lines.append(" ".join(str(wind) for wind in self.layout.wind))
        return "\n".join(lines) + "\n"

    def _image(self) -> _RGB:
        """Paint windy columns, start, goal and the agent."""
        assert self.layout is not None
        rows, columns = self.layout.shape
        image = np.full((rows * _CELL, columns * _CELL, 3), _PAPER, dtype=np.uint8)
        for column, wind in enumerate(self.layout.wind):
            if wind:
                shade = np.array(_PAPER) - wind * np.array(_GUST)
                image[:, column * _CELL : (column + 1) * _CELL] = shade
        _paint(image, columns, self.layout.start, _START, margin=1)
        _paint(image, columns, self.layout.goal, _GOAL, margin=1)
        image[::_CELL] = image[:, ::_CELL] = _LINE
        if self._state is not None:
            _paint(image, columns, self._state, _AGENT, margin=_CELL // 4)
        return image


def _paint(
    image: _RGB, columns: int, state: int, colour: tuple[int, int, int], margin: int
) -> None:
    """Fill the square of a state, up to a margin."""
    row, column = divmod(state, columns)
    top, left = row * _CELL, column * _CELL
    inside = slice(margin, _CELL - margin)
    image[top : top + _CELL, left : left + _CELL][inside, inside] = colour


def _outcomes(mdp: FiniteMDP) -> dict[int, dict[int, list[Outcome]]]:
    """List the outcomes of each state and action, in Python's own numbers."""
    tables = [
        table.tolist() for table in (mdp.probability, mdp.next_state, mdp.reward, mdp.terminated)
    ]
    return {
        s: {
            a: [o for o in zip(*(table[s][a] for table in tables), strict=True) if o[0] > 0]
            for a in range(mdp.num_actions)
        }
        for s in range(mdp.num_states)
    }
