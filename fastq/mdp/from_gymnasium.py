"""Reads gymnasium environments that expose their table, as the toy-text environments do."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from fastq.base.errors import InputError
from fastq.base.validation import not_allowed
from fastq.mdp.grid_layout import GridLayout

_HIDDEN = ("fickle_passenger",)
"""Switches that make an environment's next state depend on more than its state."""


class Exposed(NamedTuple):
    """What an environment tells of itself."""

    outcomes: Any
    """``P[state][action]``, not checked yet."""
    start: Any
    name: str
    max_steps: int | None
    layout: GridLayout | None


def read(env: Any, kwargs: Mapping[str, Any]) -> Exposed:
    """Read an environment, made from an id and its arguments, or already made.

    Raises
    ------
    InputError
        For what is no environment, an unknown id, arguments that it does not take, an environment
        without a table ``P`` or ``initial_state_distrib``, or one that does more than they say.
    """
    import gymnasium

    from fastq.mdp.tabular_env import TabularEnv

    if isinstance(env, str):
        env = _make(env, kwargs)
    elif not isinstance(env, gymnasium.Env):
        raise not_allowed("env", env, "an id or a gymnasium environment")
    elif kwargs:
        said = f"env_args = {dict(kwargs)!r}: must be left out where env is already made"
        raise InputError(said, field="env_args", value=kwargs)
    bare, spec = env.unwrapped, env.spec
    ours = isinstance(bare, TabularEnv)
    name = spec.id if spec is not None else type(bare).__name__
    _check(name, env)
    limits = [
        spec.max_episode_steps if spec is not None else None,
        bare.max_steps if ours else None,
        *(getattr(wrapper, "_max_episode_steps", None) for wrapper in _wrappers(env)),
    ]
    return Exposed(
        bare.P,
        bare.initial_state_distrib,
        bare.name if ours else name,
        min((limit for limit in limits if limit is not None and limit > 0), default=None),
        bare.layout if ours else None,
    )


def _check(name: str, env: Any) -> None:
    """Raise `InputError` unless an environment's tables tell all of its dynamics."""
    import gymnasium

    for field in ("P", "initial_state_distrib"):
        if getattr(env.unwrapped, field, None) is None:
            raise _refused(
                name,
                f"has no table unwrapped.{field}",
                "must be a finite MDP, as gymnasium's toy-text environments are",
            )
    for field in _HIDDEN:
        if getattr(env.unwrapped, field, False):
            raise _refused(
                name,
                f"{field} hides a part of the state from unwrapped.P",
                f"must be made with {field}=False",
            )
    changing = gymnasium.ActionWrapper | gymnasium.ObservationWrapper | gymnasium.RewardWrapper
    for wrapper in _wrappers(env):
        if isinstance(wrapper, changing):
            kind = type(wrapper).__name__
            raise _refused(name, f"{kind} changes what unwrapped.P says", "must be left out")


def _refused(name: str, *said: str) -> InputError:
    """Say what is wrong with an environment, and what it must be."""
    return InputError(f"env = {name!r}: {'; '.join(said)}", field="env", value=name)


def _wrappers(env: Any) -> Iterator[Any]:
    """Give an environment's wrappers, the outermost first."""
    while env is not env.unwrapped:
        yield env
        env = env.env


def _make(env_id: str, kwargs: Mapping[str, Any]) -> Any:
    """Make a registered environment, with errors of one line."""
    import gymnasium

    try:
        return gymnasium.make(env_id, **kwargs)
    except InputError:
        raise
    except (gymnasium.error.Error, ImportError) as error:
        reason = " ".join(str(error).split())
        raise _refused(env_id, f"must be registered with gymnasium ({reason})") from None
    except Exception as error:
        reason = " ".join(str(error).split())
        if not kwargs:
            raise _refused(env_id, f"cannot be made ({reason})") from None
        refused = f"env_args = {dict(kwargs)!r}: refused by {env_id!r} ({reason})"
        raise InputError(refused, field="env_args", value=kwargs) from None
