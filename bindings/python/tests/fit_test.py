# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""fts.fit: events as they come, results, and every way in which a run ends."""

import os
import signal
import tempfile
import threading
import unittest

import fts

_COMMAND = os.path.join(
    os.environ["TEST_SRCDIR"], os.environ["TEST_WORKSPACE"], "fts/cli/fts")
_CONFIG = {
    "model": {"arch": "llama", "config": {
        "vocab_size": 256, "dim": 16, "n_layers": 2, "n_heads": 2, "n_kv_heads": 2,
        "hidden_dim": 32, "max_seq_len": 16}},
    "data": {"train": {"path": "train.txt", "format": "text", "tokenizer": "bytes"},
             "val": {"path": "train.txt", "format": "text", "tokenizer": "bytes"},
             "seq_len": 16, "batch_size": 2},
    "trainer": {"max_epochs": 2, "steps_per_epoch": 3, "device": "cpu"},
    "optimizer": {"name": "adamw", "lr": 1e-05},
    "schedule": {0: {"params": ["model.output.weight"], "max_transition_epoch": 1},
                 1: {"params": [r"model\.layers.*"]}},
}  # fmt: skip


def children():
    """Processes that this one has started and that are there."""
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
        return file.read().split()


class FitTest(unittest.TestCase):
    def tearDown(self):
        self.assertEqual(children(), [])

    def setUp(self):
        os.environ["FTS_COMMAND"] = _COMMAND
        self.folder = tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR"))
        before = os.getcwd()
        os.chdir(self.folder)
        self.addCleanup(os.chdir, before)
        with open("train.txt", "w", encoding="utf-8") as file:
            file.write("the quick brown fox jumps over the lazy dog\n" * 20)

    def test_a_run_gives_its_events_and_result(self):
        seen = []
        result = fts.fit(
            _CONFIG, "output_dir=out", "trainer.cpu_ranks=2", on_event=seen.append,
            progress=False)  # fmt: skip
        self.assertEqual(seen, result.metrics)
        self.assertEqual(result.steps, 6)
        self.assertEqual(len(result.losses), 6)
        self.assertEqual([e["phase"] for e in result.events("phase")], [0, 1])
        self.assertEqual(result.output_dir, os.path.join(self.folder, "out"))
        self.assertIn("max_epochs", result.reason)
        self.assertIn("<table>", result._repr_html_())
        # The file of the dict is gone.
        self.assertEqual(sorted(os.listdir()), ["out", "train.txt"])
        with self.assertRaisesRegex(fts.InputError, "metrics.jsonl"):
            fts.fit(_CONFIG, "output_dir=out", progress=False)

    def test_wrong_input_starts_nothing(self):
        with self.assertRaises(fts.InputError) as seen:
            fts.fit([_CONFIG, {"trainer": {"max_epoch": 3}}], progress=False)
        self.assertEqual(
            str(seen.exception), "config:1:14: error: unknown key 'trainer."
            "max_epoch'; did you mean 'max_epochs'? [unknown_key]")  # fmt: skip
        self.assertEqual(seen.exception.details["code"], "unknown_key")
        self.assertEqual(seen.exception.details["line"], "1")
        self.assertEqual(os.listdir(), ["train.txt"])

    def test_what_on_event_raises_stops_the_run(self):
        def stop(event):
            raise ZeroDivisionError(event["event"])

        with self.assertRaises(ZeroDivisionError):
            fts.fit(_CONFIG, "trainer.max_epochs=100000", on_event=stop,
                    progress=False)  # fmt: skip

    def test_ctrl_c_stops_the_run(self):
        pids = []

        def interrupt(event):
            if not pids:
                pids.append(os.getpid())
                main = threading.main_thread().ident
                signal.pthread_kill(main, signal.SIGINT)

        with self.assertRaises(KeyboardInterrupt):
            fts.fit(_CONFIG, "trainer.max_epochs=100000", on_event=interrupt,
                    progress=False)  # fmt: skip

    def test_a_run_that_fails_says_why(self):
        with self.assertRaises(fts.FitError) as seen:
            fts.fit(_CONFIG, "optimizer.lr=1e30", "trainer.max_epochs=50",
                    "output_dir=bad", progress=False)  # fmt: skip
        self.assertRegex(str(seen.exception), "not finite|nan|inf")
        self.assertTrue(seen.exception.output_dir.endswith("bad"))


if __name__ == "__main__":
    unittest.main()
