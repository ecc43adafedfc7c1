# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Runs the real binary as a user does, on models that train in seconds.

Every started process carries a mark in its environment, which its ranks
inherit: so no process of a run can hide, whatever its parent or group.
By hand, with a binary of one's own: FTS=path/to/fts python3 some_test.py.
"""

import json
import os
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import unittest
import uuid

if "TEST_SRCDIR" in os.environ:
    ROOT = os.path.join(os.environ["TEST_SRCDIR"], os.environ["TEST_WORKSPACE"])
else:
    ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
        os.path.abspath(__file__))))
FTS = os.environ.get("FTS", os.path.join(ROOT, "fts/cli/fts"))
EXAMPLES = os.path.join(ROOT, "examples")
SCHEDULE = os.path.join(EXAMPLES, "llama_ft_schedule.yaml")
TRAIN_TEXT = os.path.join(EXAMPLES, "data/jargon_train.txt")
VAL_TEXT = os.path.join(EXAMPLES, "data/jargon_val.txt")

MARK = "FTS_DIST_TEST"
# How long a run may take on a busy machine before a test gives up on it.
PATIENCE = 90

# What launchers set; a test must not inherit it.
LAUNCH_VARIABLES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE",
                    "MASTER_ADDR", "MASTER_PORT", "FTS_RUN_OUTPUT_DIR",
                    "FTS_RANK_PAGE_FD", "BUILD_WORKING_DIRECTORY")

MODEL = """\
model:
  arch: llama
  config: {vocab_size: 256, dim: 32, n_layers: 4, n_heads: 4, n_kv_heads: 2,
           hidden_dim: 64, max_seq_len: 64, norm_eps: 1.0e-5,
           rope_theta: 10000.0, tied_embeddings: false}
"""
DATA = """\
data:
  train: {path: %s}
  val: {path: %s}
  seq_len: 32
  batch_size: 2
""" % (TRAIN_TEXT, VAL_TEXT)
REST = """\
trainer: {max_epochs: 4, steps_per_epoch: 3, limit_val_batches: 2, cpu_ranks: 2}
optimizer: {name: adamw, lr: 1.0e-3}
schedule: %s
scheduler: {base_max_lr: 1.0e-3}
strategy_adapter_cfg:
  fsdp_default_kwargs: {reshard_after_forward: true, act_ckpt: [composable]}
  fsdp_plan: {'model.output': {}, 'model.layers.\\d*$': {}}
""" % SCHEDULE
# Three phases on two ranks, twelve steps; and with units that are gathered and
# reduced one by one.
CONFIG = MODEL + DATA + REST
SHARDED = CONFIG + "  binding: off\n"


def wait_until(what, condition, seconds=PATIENCE):
    """Polls until `condition()` is true and returns its value."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError("%d s passed without: %s" % (seconds, what))
        time.sleep(0.02)


def is_stopped(pid):
    """Whether a process is stopped by a signal."""
    return read("/proc/%d/stat" % pid).rpartition(") ")[2].startswith("T")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def read_events(path):
    """The complete lines of a metrics.jsonl, which may be growing."""
    if not os.path.exists(path):
        return []
    text = read(path)
    return [json.loads(line) for line in text[:text.rfind("\n") + 1].split("\n")
            if line]


def read_safetensors(path):
    """name -> (dtype, shape, bytes)."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        start = file.tell()
        header.pop("__metadata__", None)
        tensors = {}
        for name, entry in header.items():
            begin, end = entry["data_offsets"]
            file.seek(start + begin)
            tensors[name] = (entry["dtype"], entry["shape"],
                             file.read(end - begin))
    return tensors


class Process:
    """A started command; stdout and stderr go to files. It gets a session of
    its own, or a job in ours, as a shell does it."""

    def __init__(self, folder, args, env=None, preexec=None, job=False):
        self.mark = str(uuid.uuid4())
        environment = {k: v for k, v in os.environ.items()
                       if k not in LAUNCH_VARIABLES}
        environment["OMP_NUM_THREADS"] = "1"
        environment[MARK] = self.mark
        environment.update(env or {})
        self._out = os.path.join(folder, self.mark + ".out")
        self._err = os.path.join(folder, self.mark + ".err")
        with open(self._out, "wb") as out, open(self._err, "wb") as err:
            self.popen = subprocess.Popen(
                [FTS] + args, cwd=folder, env=environment,
                stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                start_new_session=not job,
                preexec_fn=os.setpgrp if job else preexec)

    @property
    def out(self):
        return read(self._out)

    @property
    def err(self):
        return read(self._err)

    def wait(self, seconds=PATIENCE):
        """The exit code. A run that does not end is killed, and fails."""
        try:
            return self.popen.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            said = self.out[-2000:] + self.err[-2000:]
            self.clear()
            raise AssertionError("still running after %d s:\n%s"
                                 % (seconds, said)) from None

    def alive(self):
        """rank (or None) -> pid of every process that carries our mark."""
        found = {}
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            try:
                with open("/proc/%s/environ" % entry, "rb") as file:
                    variables = file.read().split(b"\0")
            except OSError:
                continue
            if ("%s=%s" % (MARK, self.mark)).encode() not in variables:
                continue
            rank = [v[5:] for v in variables if v.startswith(b"RANK=")]
            found[int(rank[0]) if rank else None] = int(entry)
        return found

    def clear(self):
        for pid in self.alive().values():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.popen.wait()


class FitTestCase(unittest.TestCase):
    """A temporary folder per test, in which commands run."""

    maxDiff = None

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="fts_dist_")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return name

    def start(self, *args, env=None, preexec=None, job=False):
        """`fts fit`, not waited for; what is left of it ends with the test."""
        process = Process(self.folder, ["fit"] + list(args), env, preexec, job)
        self.addCleanup(process.clear)
        return process

    def fit(self, *args, env=None, code=0):
        """`fts fit` to its end; checks the exit code."""
        process = self.start(*args, env=env)
        got = process.wait()
        self.assertEqual(got, code, "exit code %s\nstdout: %s\nstderr: %s"
                         % (got, process.out[-3000:], process.err[-3000:]))
        self.assertEqual(process.alive(), {}, "processes are left")
        return process

    def events(self, output_dir="out", kind=None):
        found = read_events(self.path(output_dir, "metrics.jsonl"))
        return [e for e in found if kind is None or e["event"] == kind]
