# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""TinyLlama-1.1B's shapes through three phases at two ranks in bf16."""

import json
import os
import re
import subprocess
import tempfile
import threading
import unittest


def _peaks(parent, peaks):
    """Notes the peak resident memory of each child of `parent`, in MiB."""
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open("/proc/%s/status" % entry, encoding="utf-8") as f:
                status = f.read()
        except OSError:
            continue
        ppid = re.search(r"^PPid:\s+(\d+)", status, re.M)
        peak = re.search(r"^VmHWM:\s+(\d+) kB", status, re.M)
        if ppid and peak and int(ppid[1]) == parent:
            peaks[int(entry)] = int(peak[1]) / 1024


class TinyLlamaShapesTest(unittest.TestCase):
    def test_three_phases(self):
        out = os.path.join(tempfile.mkdtemp(), "run")
        run = subprocess.Popen(
            [
                "fts/cli/fts",
                "fit",
                "--config",
                "tests/stress/tinyllama_shapes.yaml",
                "output_dir=" + out,
            ]
        )
        peaks = {}
        done = threading.Event()

        def watch():
            while not done.wait(0.5):
                _peaks(run.pid, peaks)

        watcher = threading.Thread(target=watch)
        watcher.start()
        code = run.wait()
        done.set()
        watcher.join()
        self.assertEqual(code, 0)
        with open(os.path.join(out, "metrics.jsonl"), encoding="utf-8") as f:
            events = [json.loads(line) for line in f]
        steps = [e for e in events if e["event"] == "train_step"]
        self.assertEqual([s["phase"] for s in steps], [0, 0, 1, 1, 2, 2])
        for step in steps:
            print(
                "phase %d step %d: %.1f s, engine peak %.0f MiB, loss %.4f"
                % (
                    step["phase"],
                    step["step"],
                    step["step_ms"] / 1e3,
                    step["mem_mib"],
                    step["loss"],
                )
            )
        self.assertEqual(len(peaks), 2)
        for pid, peak in sorted(peaks.items()):
            print("rank process %d: peak resident %.0f MiB" % (pid, peak))


if __name__ == "__main__":
    unittest.main()
