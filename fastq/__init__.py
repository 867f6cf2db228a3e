"""fastq: tabular reinforcement-learning experiments at the speed of compiled code.

The public names are loaded when they are first used, so that ``import fastq`` and
``fastq --help`` answer at once. The block below is their table; `fastq.base.public` reads it too.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from fastq.base.public import attach
from fastq.mdp.worlds.register import register_when_imported

if TYPE_CHECKING:
    from fastq import plot as plot
    from fastq import statistics as statistics
    from fastq.agents import reference as reference
    from fastq.agents import rules as rules
    from fastq.agents.algorithm import Algorithm as Algorithm
    from fastq.agents.schedules import Exponential as Exponential
    from fastq.agents.schedules import Linear as Linear
    from fastq.agents.schedules import ScheduledFraction as ScheduledFraction
    from fastq.agents.schedules import ScheduledStepSize as ScheduledStepSize
    from fastq.agents.schedules import Visits as Visits
    from fastq.agents.td_control import Agent as Agent
    from fastq.agents.td_control import DoubleQLearning as DoubleQLearning
    from fastq.agents.td_control import DynaQ as DynaQ
    from fastq.agents.td_control import ExpectedSarsa as ExpectedSarsa
    from fastq.agents.td_control import QLearning as QLearning
    from fastq.agents.td_control import Sarsa as Sarsa
    from fastq.base.errors import InputError as InputError
    from fastq.base.errors import RunError as RunError
    from fastq.base.errors import StaleWarning as StaleWarning
    from fastq.base.validation import Fraction as Fraction
    from fastq.base.validation import StepSize as StepSize
    from fastq.execution.race import Race as Race
    from fastq.execution.race import race as race
    from fastq.execution.run import run as run
    from fastq.mdp import planning as planning
    from fastq.mdp.finite_mdp import FiniteMDP as FiniteMDP
    from fastq.mdp.grid_layout import GridLayout as GridLayout
    from fastq.mdp.worlds.classic import maximization_bias as maximization_bias
    from fastq.mdp.worlds.classic import random_mdp as random_mdp
    from fastq.mdp.worlds.classic import random_walk as random_walk
    from fastq.mdp.worlds.gridworlds import cliff_walking as cliff_walking
    from fastq.mdp.worlds.gridworlds import dyna_maze as dyna_maze
    from fastq.mdp.worlds.gridworlds import windy_gridworld as windy_gridworld
    from fastq.results.comparison import Comparison as Comparison
    from fastq.results.results import Results as Results
    from fastq.results.selection import Selection as Selection
    from fastq.study import metrics as metrics
    from fastq.study.sweep import Sweep as Sweep
    from fastq.training import streams as streams
    from fastq.training.parity import check_parity as check_parity
    from fastq.training.train import Training as Training
    from fastq.training.train import train as train
    from fastq.training.train import train_batch as train_batch

__version__ = "0.1.0"
__getattr__, __all__ = attach(__name__, Path(__file__).read_text("utf-8"))


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


register_when_imported()
