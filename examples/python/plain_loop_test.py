# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""The example alone, and under torchrun with both backends: one curve."""

import os
import re
import subprocess
import sys
import unittest

_SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "plain_loop.py")


def losses(launcher, *args):
    done = subprocess.run(
        [sys.executable, *launcher, _SCRIPT, *args],
        env={**os.environ, "OMP_NUM_THREADS": "1",
             "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)  # fmt: skip
    if done.returncode != 0:
        raise AssertionError(done.stdout + done.stderr)
    return [
        (int(phase), float(loss))
        for phase, loss in re.findall(r"phase (\d):.* val_loss (\S+)", done.stdout)
    ]


class PlainLoopTest(unittest.TestCase):
    def test_one_curve(self):
        alone = losses([])
        self.assertEqual([phase for phase, _ in alone], [0, 1, 2, 2])
        self.assertLess(alone[-1][1], 0.5)
        torchrun = ["-m", "torch.distributed.run", "--standalone",
                    "--nproc-per-node", "2"]  # fmt: skip
        for backend in ("native", "torch"):
            for one, other in zip(losses(torchrun, "--backend", backend), alone):
                self.assertEqual(one[0], other[0])
                self.assertAlmostEqual(one[1], other[1], delta=2e-6)


if __name__ == "__main__":
    unittest.main()
