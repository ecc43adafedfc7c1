# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Every language's program prints the same losses, at one rank and two."""

import os
import socket
import subprocess
import sys
import unittest

_HERE = os.path.dirname(os.path.abspath(__file__))
_ROOT = os.path.dirname(os.path.dirname(_HERE))
_SCHEDULE = os.path.join(_HERE, "schedule.yaml")
_PLAN = os.path.join(_HERE, "plan.yaml")
_PYTHON = [sys.executable, os.path.join(_HERE, "curve.py")]
_PROGRAMS = {
    "C++": [os.path.join(_HERE, "curve"), _SCHEDULE, _PLAN],
    "Python native": [*_PYTHON, "native", _SCHEDULE, _PLAN],
    "Python torch": [*_PYTHON, "torch", _SCHEDULE, _PLAN],
    "Rust": [os.path.join(_ROOT, "bindings/rust/curve"), _SCHEDULE, _PLAN],
}
# What a program exits with that can't be built with this machine's LibTorch.
_NOT_HERE = 77


def run(command, world):
    """What rank 0 printed; None when the program is not for this machine."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    ranks = []
    for rank in range(world):
        environment = {**os.environ, "OMP_NUM_THREADS": "1",
                       "PYTHONPATH": os.pathsep.join(sys.path),
                       "LD_LIBRARY_PATH": os.path.join(_ROOT, "fts/capi")}  # fmt: skip
        if world > 1:
            environment.update(
                RANK=str(rank), WORLD_SIZE=str(world), LOCAL_RANK=str(rank),
                LOCAL_WORLD_SIZE=str(world), MASTER_ADDR="127.0.0.1",
                MASTER_PORT=str(port),
            )  # fmt: skip
        ranks.append(
            subprocess.Popen(
                command, env=environment, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )
        )  # fmt: skip
    results = [process.communicate() for process in ranks]
    for process, (output, problems) in zip(ranks, results):
        if process.returncode == _NOT_HERE:
            return None
        if process.returncode != 0:
            raise AssertionError(f"{command}: {output}{problems}")
    return [float(line) for line in results[0][0].split()]


class LanguagesTest(unittest.TestCase):
    def test_one_curve(self):
        wanted = None
        for world in (1, 2):
            for name, command in _PROGRAMS.items():
                losses = run(command, world)
                if losses is None:
                    print(f"{name}: not with this machine's LibTorch")
                    continue
                self.assertEqual(len(losses), 12, name)
                wanted = wanted or losses
                for step, (got, want) in enumerate(zip(losses, wanted)):
                    self.assertLessEqual(
                        abs(got - want), 1e-6 * want,
                        f"{name} at world {world}, step {step}: {got}, {want}",
                    )  # fmt: skip
        # It is a curve: every phase moved it.
        self.assertEqual(len(set(wanted)), 12)


if __name__ == "__main__":
    unittest.main()
