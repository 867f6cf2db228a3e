"""The gymnasium face of the named worlds: what ``fastq/...`` ids make.

Each takes the arguments of its builder, and leaves time limits to gymnasium's `TimeLimit` wrapper,
as is its custom; worlds on a grid can be rendered as text or as an image.
"""

import gymnasium

from fastq.base.validation import choose
from fastq.mdp.finite_mdp import FiniteMDP
from fastq.mdp.grid_layout import RGB, as_image, as_text
from fastq.mdp.tabular_env import TabularEnv
from fastq.mdp.worlds import classic, gridworlds


class World(TabularEnv):
    """A named world as a gymnasium environment.

    Parameters
    ----------
    mdp : FiniteMDP
    """

    def __init__(self, mdp: FiniteMDP) -> None:
        super().__init__(mdp.outcome_lists(), mdp.start, layout=mdp.layout, name=mdp.name)


class GridWorld(World):
    """A named world with a layout.

    Parameters
    ----------
    mdp : FiniteMDP
    render_mode : {None, "ansi", "rgb_array"}
    """

    metadata = {"render_modes": ["ansi", "rgb_array"], "render_fps": 4}

    def __init__(self, mdp: FiniteMDP, render_mode: str | None = None) -> None:
        super().__init__(mdp)
        if render_mode is not None:
            choose("render_mode", render_mode, self.metadata["render_modes"])
        self.render_mode = render_mode

    def render(self) -> str | RGB | None:
        """Draw the grid as text, or as an image of shape (height, width, 3)."""
        if self.render_mode is None:
            gymnasium.logger.warn("render() draws nothing: make the environment with a render_mode")
            return None
        assert self.layout is not None
        draw = as_text if self.render_mode == "ansi" else as_image
        return draw(self.layout, self._state)


class WindyGridworld(GridWorld):
    """``fastq/WindyGridworld-v0``: see `fastq.mdp.worlds.gridworlds.windy_gridworld`."""

    def __init__(
        self, moves: str = "four", stochastic_wind: bool = False, render_mode: str | None = None
    ) -> None:
        mdp = gridworlds.windy_gridworld(moves=moves, stochastic_wind=stochastic_wind)
        super().__init__(mdp, render_mode)


class CliffWalking(GridWorld):
    """``fastq/CliffWalking-v0``: see `fastq.mdp.worlds.gridworlds.cliff_walking`."""

    def __init__(self, fall_ends: bool = False, render_mode: str | None = None) -> None:
        super().__init__(gridworlds.cliff_walking(fall_ends=fall_ends), render_mode)


class DynaMaze(GridWorld):
    """``fastq/DynaMaze-v0``: see `fastq.mdp.worlds.gridworlds.dyna_maze`."""

    def __init__(self, render_mode: str | None = None) -> None:
        super().__init__(gridworlds.dyna_maze(), render_mode)


class RandomWalk(GridWorld):
    """``fastq/RandomWalk-v0``: see `fastq.mdp.worlds.classic.random_walk`."""

    def __init__(
        self,
        states: int = 19,
        left: float = -1.0,
        right: float = 1.0,
        render_mode: str | None = None,
    ) -> None:
        super().__init__(classic.random_walk(states, left=left, right=right), render_mode)


class MaximizationBias(World):
    """``fastq/MaximizationBias-v0``: see `fastq.mdp.worlds.classic.maximization_bias`."""

    def __init__(self, actions: int = 10, mean: float = -0.1, sd: float = 1.0) -> None:
        super().__init__(classic.maximization_bias(actions, mean=mean, sd=sd))


class RandomMDP(World):
    """``fastq/RandomMDP-v0``: see `fastq.mdp.worlds.classic.random_mdp`."""

    def __init__(
        self,
        states: int,
        actions: int,
        branching: int,
        seed: int,
        ends: float = 0.0,
        sd: float = 0.0,
    ) -> None:
        super().__init__(classic.random_mdp(states, actions, branching, seed, ends=ends, sd=sd))
