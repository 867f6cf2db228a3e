"""Registers fastq's environments with gymnasium, without making anyone wait for gymnasium.

``import fastq`` must answer at once, and ``gymnasium.make`` must know the environments after it, in
whatever order the two are imported. So where gymnasium isn't loaded yet, registration waits for it
behind an import hook. The ``gymnasium.envs`` entry point calls `register` too, for those versions
of gymnasium that read entry points (1.0 and later, as far as known, do not).
"""

import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

_REGISTRY_HOME = "gymnasium.envs"
_WORLDS = (
    "WindyGridworld",
    "CliffWalking",
    "DynaMaze",
    "RandomWalk",
    "MaximizationBias",
    "RandomMDP",
)


def register() -> None:
    """Register fastq's environments, but for those that are registered already."""
    from gymnasium.envs.registration import register as register_with_gymnasium
    from gymnasium.envs.registration import registry

    for name in _WORLDS:
        if f"fastq/{name}-v0" not in registry:
            register_with_gymnasium(
                f"fastq/{name}-v0",
                entry_point=f"fastq.mdp.worlds.envs:{name}",
                max_episode_steps=10_000,
            )


def register_when_imported() -> None:
    """Register now if gymnasium is loaded, or else as soon as it is."""
    if _REGISTRY_HOME in sys.modules:
        register()
    else:
        sys.meta_path.insert(0, _AfterGymnasium())


class _AfterGymnasium(MetaPathFinder):
    """Lets gymnasium's registry be imported as ever, then registers, and is gone."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find gymnasium's registry only, with a loader that registers in the end."""
        if fullname != _REGISTRY_HOME:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def load_and_register(module: ModuleType) -> None:
                load(module)
                register()

            spec.loader.exec_module = load_and_register  # type: ignore[method-assign]
        return spec
