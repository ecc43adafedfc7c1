# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""The wheel, installed by pip into an environment of its own beside torch."""

import json
import os
import site
import subprocess
import sys
import tempfile
import unittest
import venv
import zipfile

import torch

_WHEEL = os.path.join(
    os.environ["TEST_SRCDIR"], os.environ["TEST_WORKSPACE"],
    "bindings/python/fts-0.1.0-cp311-cp311-linux_x86_64.whl")  # fmt: skip
_CONFIG = """
model: {arch: llama, config: {vocab_size: 256, dim: 16, n_layers: 2, n_heads: 2,
        n_kv_heads: 2, hidden_dim: 32, max_seq_len: 16}}
data: {train: {path: train.txt, format: text, tokenizer: bytes},
       val: {path: train.txt, format: text, tokenizer: bytes},
       seq_len: 16, batch_size: 2}
trainer: {max_epochs: 2, steps_per_epoch: 2, cpu_ranks: 1, device: cpu}
schedule:
  0: {params: [model.output.weight], max_transition_epoch: 1}
  1: {params: ['model.layers.*']}
"""
# In the environment: `fts` is what was installed, not this repository.
_PROGRAM = r"""
import json, sys
import torch, fts
assert "site-packages" in fts.__file__, fts.__file__
model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 1))
schedule = {0: {"params": ["1.*"], "max_transition_epoch": 1}, 1: {"params": ["0.*"]}}
for backend in ("torch", "native"):
    scheduler = fts.Scheduler(
        model, schedule=schedule, optimizer=torch.optim.SGD(model.parameters(), lr=0.1),
        max_epochs=2, backend=backend)
    for epoch in scheduler.epochs():
        for batch in scheduler.steps([torch.ones(4, 2)]):
            model(batch).sum().backward()
            scheduler.optimizer.step()
            scheduler.optimizer.zero_grad()
        scheduler.validation_end({"val_loss": 1.0})
    scheduler.detach()
seen = []
result = fts.fit("run.yaml", "seed=7", on_event=seen.append, progress=False)
assert len(result.losses) == 4, result.metrics
assert [e["event"] for e in seen] == [e["event"] for e in result.metrics]
try:
    fts.fit({"model": {"arch": "lama"}}, progress=False)
except fts.InputError as error:
    print(json.dumps([fts.__version__, str(error), error.details["code"]]))
"""


class WheelTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR"))
        self.home = os.path.join(self.folder, "env")
        venv.create(self.home, symlinks=True)
        self.python = os.path.join(self.home, "bin", "python")
        packages = os.path.join(
            self.home, "lib", "python%d.%d" % sys.version_info[:2], "site-packages")
        # torch is there, as in an environment where it was installed before.
        torchs = os.path.dirname(os.path.dirname(torch.__file__))
        with open(os.path.join(packages, "torch.pth"), "w", encoding="utf-8") as file:
            file.write(torchs + "\n")
        # Nothing of the build leads to libraries.
        self.env = {
            k: v for k, v in os.environ.items()
            if k not in ("PYTHONPATH", "LD_LIBRARY_PATH", "RUNFILES_DIR")
        }  # fmt: skip
        self.run_it([sys.executable, "-m", "pip", "--disable-pip-version-check",
                     "--python", self.python, "install", "--no-deps", "--no-index",
                     "--quiet", _WHEEL])  # fmt: skip

    def run_it(self, command):
        done = subprocess.run(
            command, cwd=self.folder, env=self.env, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, check=False)  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_it_installs_and_trains(self):
        command = os.path.join(self.home, "bin", "fts")
        facts = json.loads(self.run_it([command, "version", "--json"]))
        self.assertTrue(facts["torch"].startswith(torch.__version__.split("+")[0]))
        with open(os.path.join(self.folder, "train.txt"), "w", encoding="utf-8") as f:
            f.write("the quick brown fox jumps over the lazy dog\n" * 20)
        with open(os.path.join(self.folder, "run.yaml"), "w", encoding="utf-8") as f:
            f.write(_CONFIG)
        version, error, code = json.loads(
            self.run_it([self.python, "-c", _PROGRAM]).splitlines()[-1])  # fmt: skip
        self.assertEqual(version, facts["version"])
        self.assertIn("error: ", error)
        self.assertTrue(code)

    def test_nothing_of_this_machine_is_in_it(self):
        folders = [os.path.expanduser("~"), os.path.dirname(torch.__file__),
                   site.getsitepackages()[0]]  # fmt: skip
        with zipfile.ZipFile(_WHEEL) as wheel:
            names = wheel.namelist()
            for name in names:
                data = wheel.read(name)
                for folder in folders:
                    self.assertNotIn(folder.encode(), data, name)
        for name in ("fts/_fts.so", "fts/lib/libfts.so.1", "fts/bin/fts",
                     "fts/py.typed", "fts/scheduler.py"):  # fmt: skip
            self.assertIn(name, names)


if __name__ == "__main__":
    unittest.main()
