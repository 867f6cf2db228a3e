"""The same bits on all processors: kernels compiled for old ones and new ones are compared.

Numba compiles for the processor that it finds. Here fresh processes are told of another one: x86-64
as it was at first, with vectors of two numbers, and Haswell, with vectors of four and a fused
multiply-add, which would round once where the reference rounds twice.

A kernel takes seconds to compile, three times. So there is one of each loop, in a world with few
actions: in lock-step an agent that adds up products, in the plain loop a custom algorithm.
"""

import json
import os
import platform
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

RUNS = """
import hashlib, json
import fastq

class Own(fastq.Algorithm):
    alpha: float = 0.3

    def act(q, state, u, agent):
        return fastq.rules.epsilon_greedy(q, state, u, 0.1)

    def update(q, step, agent):
        ahead = 0.0 if step.terminated else 0.9 * fastq.rules.greatest(q, step.next_state)
        error = step.reward + ahead - q[step.state, step.action]
        q[step.state, step.action] += agent.alpha * error

def digests(run):
    tables = (run.q, run.returns, run.lengths)
    return [hashlib.sha256(table.tobytes()).hexdigest() for table in tables]

world = fastq.random_mdp(12, 2, 1, seed=0, ends=0.1)
several, one = {"episodes": 30, "seed": 0, "runs": 40}, {"episodes": 30, "seed": 0}
print(json.dumps([
    digests(fastq.train_batch(world, fastq.ExpectedSarsa(gamma=0.9), **several)),
    digests(fastq.train(world, Own(), **one)),
]))
"""
IS_X86 = platform.machine() in ("x86_64", "AMD64")


def processors():
    """Give what tells Numba of each processor whose code this one can run."""
    from llvmlite import binding

    found = [{}, {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}]
    features = binding.get_host_cpu_features()
    if IS_X86 and features["avx2"] and features["fma"] and features["bmi2"]:
        found.append({"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "+avx2,+fma"})
    return found


def digests(folder, processor):
    """Compile and train in a process of its own, with a cache of its own."""
    folder.mkdir()
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder), **processor}
    command = [sys.executable, folder.parent / "runs.py"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
def test_kernels_compute_the_same_bits_on_all_processors(tmp_path):
    (tmp_path / "runs.py").write_text(RUNS)
    told = processors()
    folders = [tmp_path / str(number) for number in range(len(told))]
    with ThreadPoolExecutor(2) as two:
        here, *others = two.map(digests, folders, told)
    assert len({word for row in here for word in row}) == 6
    for other in others:
        assert other == here
