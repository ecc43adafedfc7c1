# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""The Lightning and Hugging Face examples, as a user starts them; the Lightning
one also with finetuning-scheduler's own callbacks, which must give the same."""

import os
import re
import subprocess
import sys
import unittest

_FOLDER = os.path.dirname(os.path.abspath(__file__))


def output_of(script, *args):
    done = subprocess.run(
        [sys.executable, os.path.join(_FOLDER, script), *args],
        env={**os.environ, "OMP_NUM_THREADS": "1",
             "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)  # fmt: skip
    if done.returncode != 0:
        raise AssertionError(done.stdout + done.stderr)
    return done.stdout


def epochs_of(output):
    """(epoch, phase, tensors, rates) of each, and the losses."""
    lines = re.findall(r"epoch (\d+) phase (\d): (\d+) tensors train at (.*)", output)
    return (
        [(int(e), int(p), int(n), [float(r) for r in rates.split()])
         for e, p, n, rates in lines],
        [float(loss) for loss in re.findall(r"val_loss (\S+)", output)],
    )  # fmt: skip


class FrameworksTest(unittest.TestCase):
    def test_lightning_with_only_the_import_changed(self):
        ours, our_losses = epochs_of(output_of("lightning_finetune.py"))
        theirs, losses = epochs_of(
            output_of("lightning_finetune.py", "--package", "finetuning_scheduler"))
        self.assertEqual([0, 0, 1, 1, 2, 2], [phase for _, phase, _, _ in ours])
        self.assertEqual([2, 4, 8], [ours[i][2] for i in (0, 2, 4)])
        self.assertEqual(len(ours), len(theirs))
        for one, other in zip(ours, theirs):
            self.assertEqual(one[:3], other[:3])
            self.assertEqual(len(one[3]), len(other[3]))
            for rate, wanted in zip(one[3], other[3]):
                self.assertLessEqual(abs(rate - wanted), 1e-12 * wanted)
        self.assertLess(our_losses[-1], our_losses[0] / 2)
        for loss, wanted in zip(our_losses, losses, strict=True):
            self.assertAlmostEqual(loss, wanted, delta=2e-6)

    def test_huggingface(self):
        output = output_of("huggingface_finetune.py")
        found = re.findall(r"phase (\d): (\d+) tensors train, eval_loss (\S+)", output)
        self.assertEqual(list("0011222"), [phase for phase, _, _ in found])
        self.assertEqual(["3", "15", "29"], [found[i][1] for i in (0, 2, 4)])
        self.assertLess(float(found[-1][2]), float(found[0][2]) / 2)


if __name__ == "__main__":
    unittest.main()
