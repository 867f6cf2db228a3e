"""Environments by what names them: a gymnasium id, a file that `FiniteMDP.save` wrote, or the MDP.

An id is read once for each process, as long as what is registered under it stays the same.
"""

from collections.abc import Mapping
from typing import Any

from fastq.base.errors import InputError
from fastq.base.validation import not_allowed
from fastq.mdp.finite_mdp import FiniteMDP


def find_mdp(
    env: Any, env_args: Mapping[str, Any] | None = None, *, field: str = "env"
) -> FiniteMDP:
    """Give the MDP that is meant.

    Parameters
    ----------
    env : FiniteMDP, str or gymnasium.Env
        An MDP, the name of an ``.npz`` file, a gymnasium id, or an environment.
    env_args : mapping, optional
        Passed to `gymnasium.make`, with an id only.
    field : str
        What errors call it.

    Raises
    ------
    InputError
        For what names none, or arguments where there is nothing to make.
    """
    if isinstance(env, FiniteMDP) and not env_args:
        return env
    try:
        return _found(env, env_args or {})
    except InputError as error:
        raise (error.renamed(field) if error.field in ("env", "path") else error) from None


def _found(env: Any, env_args: Mapping[str, Any]) -> FiniteMDP:
    """Give the MDP that is meant; errors call it env, or path."""
    is_id = isinstance(env, str) and not env.endswith(".npz")
    if env_args and not is_id:
        allowed = "left out, for they are for environments that gymnasium makes"
        raise not_allowed("env_args", env_args, allowed)
    if isinstance(env, FiniteMDP):
        return env
    if isinstance(env, str):
        return _of_id(env, env_args) if is_id else FiniteMDP.load(env)
    if not hasattr(env, "unwrapped"):
        allowed = "a FiniteMDP, a gymnasium id or environment, or the name of an .npz file"
        raise not_allowed("env", env, allowed)
    return FiniteMDP.from_gymnasium(env)


def _of_id(env_id: str, env_args: Mapping[str, Any]) -> FiniteMDP:
    """Read what is registered under an id: once, where it takes no arguments."""
    from gymnasium import registry

    if env_args:
        return FiniteMDP.from_gymnasium(env_id, **env_args)
    spec = registry.get(env_id)
    if env_id not in _READ or _READ[env_id][0] is not spec:
        found = FiniteMDP.from_gymnasium(env_id)
        _READ[env_id] = registry.get(env_id), found
    return _READ[env_id][1]


_READ: dict[str, tuple[Any, FiniteMDP]] = {}
"""By id, what was registered then, and what was read."""
