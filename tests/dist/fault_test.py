# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""What ends a run from outside or inside: killed, stopped and interrupted
ranks, a killed parent, a loss that is no number, a disk that is full.

A fault strikes once metrics.jsonl shows that training goes on; every run here
would otherwise go on for hours.
"""

import os
import re
import resource
import signal
import socket
import unittest

import harness

# Everything must be over within this many seconds of the fault.
BOUND = 15

ENDLESS = ["trainer.max_epochs=1000000", "early_stopping.patience=1000000"]


class FaultTest(harness.FitTestCase):

    def start_endless(self, *args, **options):
        self.write("c.yaml", harness.CONFIG)
        return self.start("--config", "c.yaml", "output_dir=out", *ENDLESS,
                          *args, **options)

    def await_step(self, process, output_dir="out"):
        """Waits for a training step; returns rank -> pid, the parent's None."""
        def trains():
            self.assertIsNone(process.popen.poll(), process.out + process.err)
            return self.events(output_dir, "train_step")
        harness.wait_until("a train_step line", trains)
        return process.alive()

    def assert_over(self, process, code=1):
        self.assertEqual(process.wait(BOUND), code, process.err)
        harness.wait_until("no process left", lambda: not process.alive(), 5)

    def assert_rank_0_failed(self, process):
        """Its peer only lost it, and often ends first."""
        self.assertEqual(self.last_line(process), "error: rank 0 exited with "
                         "code 1; its log is out/rank_0.log")

    def last_line(self, process):
        return process.err.rstrip("\n").split("\n")[-1]

    def test_killed_rank(self):
        for rank in (0, 1):
            with self.subTest(rank=rank):
                run = self.start_endless("output_dir=out%d" % rank)
                pids = self.await_step(run, "out%d" % rank)
                self.assertEqual(set(pids), {None, 0, 1})
                os.kill(pids[rank], signal.SIGKILL)
                self.assert_over(run)
                self.assertEqual(
                    self.last_line(run),
                    "error: rank %d was killed by signal 9 (SIGKILL); its log "
                    "is out%d/rank_%d.log" % (rank, rank, rank))
                # What was written is whole.
                lines = harness.read(self.path("out%d" % rank, "metrics.jsonl"))
                self.assertTrue(lines.endswith("}\n"), lines[-100:])
                self.assertNotIn("run_end", lines)

    def test_killed_before_training(self):
        run = self.start_endless()
        pids = harness.wait_until("rank 1", lambda: (
            lambda found: found if 1 in found else None)(run.alive()))
        os.kill(pids[1], signal.SIGKILL)
        self.assert_over(run)
        self.assertRegex(self.last_line(run), r"^error: rank 1 was killed by "
                         r"signal 9 \(SIGKILL\); its log is out/rank_1\.log$")

    def test_interrupted(self):
        for number, text in ((signal.SIGTERM, "15 (SIGTERM)"),
                             (signal.SIGINT, "2 (SIGINT)")):
            with self.subTest(signal=text):
                out = "out%d" % number
                run = self.start_endless("output_dir=" + out)
                self.await_step(run, out)
                os.kill(run.popen.pid, number)
                self.assert_over(run)
                self.assertEqual(self.last_line(run),
                                 "error: interrupted by signal %s; all ranks "
                                 "have ended" % text)

    def test_stopped_rank_ends_with_its_parent(self):
        run = self.start_endless()
        pids = self.await_step(run)
        os.kill(pids[1], signal.SIGSTOP)
        os.kill(run.popen.pid, signal.SIGTERM)
        self.assert_over(run)
        self.assertIn("interrupted by signal 15", self.last_line(run))

    def test_stopped_rank_ends_with_a_failed_one(self):
        run = self.start_endless()
        pids = self.await_step(run)
        os.kill(pids[0], signal.SIGSTOP)
        os.kill(pids[1], signal.SIGKILL)
        self.assert_over(run)
        self.assertIn("rank 1 was killed by signal 9", self.last_line(run))

    def test_stopped_rank_is_named(self):
        """While the others wait for it; what each was doing is told."""
        for rank in (0, 1):
            with self.subTest(rank=rank):
                out = "out%d" % rank
                run = self.start_endless("output_dir=" + out)
                pids = self.await_step(run, out)
                os.kill(pids[rank], signal.SIGSTOP)
                self.assert_over(run)
                self.assertRegex(
                    self.last_line(run),
                    r"^error: rank %d hangs: its process %d is stopped, and "
                    r"the others have waited \d+ s for it; look for what "
                    r"stopped it \(SIGSTOP, SIGTTOU, a batch system\); to "
                    r"pause a run, suspend the launcher \(Ctrl-Z\); its log is "
                    r"%s/rank_%d\.log$" % (rank, pids[rank], out, rank))
                told = run.err.rstrip("\n").split("\n")[-3:-1]
                place = r"(\(collective \d+, )?step \d+, epoch \d+\)"
                self.assertRegex(told[1 - rank], r"^rank %d: waiting \d+ s for "
                                 r"\w+ (of|on) .* %s$" % (1 - rank, place))
                self.assertRegex(told[rank], r"^rank %d: .* %s; its process %d "
                                 r"is stopped$" % (rank, place, pids[rank]))

    def test_stopped_peer_under_an_outside_launcher(self):
        """Nobody watches over it: the timeout of a collective call is left."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = str(probe.getsockname()[1])
        runs = [self.start_endless("trainer.hang_timeout=5", env={
            "RANK": str(rank), "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": port}) for rank in (0, 1)]
        self.await_step(runs[0])
        os.kill(runs[1].popen.pid, signal.SIGSTOP)
        self.assert_over(runs[0])
        # In a step, or between two.
        self.assertRegex(self.last_line(runs[0]),
                         r"^error: (step \d+ \(epoch \d+, phase \d\): .*|"
                         r"\w+ '\(totals\)' .*)(timed out after|rank 1 did "
                         r"not come within) 5000 ms")

    def test_suspended_run_goes_on(self):
        """By Ctrl-Z, which stops the ranks too, and by hand."""
        for by_hand in (False, True):
            with self.subTest(by_hand=by_hand):
                out = "out%d" % by_hand
                run = self.start_endless("output_dir=" + out, job=True)
                pids = self.await_step(run, out)
                if by_hand:
                    for rank in (0, 1, None):
                        os.kill(pids[rank], signal.SIGSTOP)
                else:
                    os.kill(pids[None], signal.SIGTSTP)
                harness.wait_until("all stopped", lambda: all(
                    harness.is_stopped(pid) for pid in pids.values()))
                steps = len(self.events(out, "train_step"))
                for rank in (None, 0, 1) if by_hand else (None,):
                    os.kill(pids[rank], signal.SIGCONT)
                harness.wait_until("more steps", lambda: len(
                    self.events(out, "train_step")) > steps + 10)
                os.kill(pids[None], signal.SIGTERM)
                self.assert_over(run)
                self.assertIn("interrupted by signal 15", self.last_line(run))
                self.assertNotIn("hangs", run.err)

    def test_killed_parent_leaves_no_ranks(self):
        run = self.start_endless()
        self.await_step(run)
        os.kill(run.popen.pid, signal.SIGKILL)
        self.assert_over(run, code=-signal.SIGKILL)

    def test_killed_peer_under_an_outside_launcher(self):
        for binding in ("off", "auto"):
            with self.subTest(binding=binding):
                self.kill_a_peer(binding)

    def kill_a_peer(self, binding):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = str(probe.getsockname()[1])
        out = "out_" + binding
        runs = [self.start_endless(
            "strategy_adapter_cfg.binding=" + binding, "output_dir=" + out,
            env={"RANK": str(rank), "WORLD_SIZE": "2",
                 "MASTER_ADDR": "127.0.0.1",
                 "MASTER_PORT": port}) for rank in (0, 1)]
        self.await_step(runs[0], out)
        os.kill(runs[1].popen.pid, signal.SIGKILL)
        self.assert_over(runs[0])
        # Nobody watches over it: it sees its peer go by itself, in a step, in
        # a validation or while the best state is brought back.
        self.assertRegex(self.last_line(runs[0]),
                         r"^error: (step \d+ \(epoch \d+, phase \d\): )?\w+"
                         r".*on (gather|reduce|gather/reduce) \(rank 0 of 2\): "
                         r"rank 1 \(process %d\) has ended or was killed; look "
                         r"for the first error in its log$" % runs[1].popen.pid)

    def test_loss_that_is_not_finite(self):
        self.write("c.yaml", harness.CONFIG)
        run = self.fit("--config", "c.yaml", "output_dir=out",
                       "optimizer.lr=1e30", code=1)
        found = re.search(
            r"^error: step (\d+) \(epoch 0, phase 0\): the training loss is "
            r"(nan|inf); nothing was updated\. First not finite: .* on ranks? "
            r".*\. Lower the learning rate, set trainer\.clip_grad_norm, or "
            r"look at the data; strategy_adapter_cfg\.find_nonfinite: true "
            r"finds the tensor that began it$", run.err, re.M)
        self.assertTrue(found, run.err)
        self.assertEqual(int(found[1]), len(self.events(kind="train_step")))
        self.assertRegex(self.last_line(run),
                         r"^error: rank [01] exited with code 1; its log is "
                         r"out/rank_[01]\.log$")
        self.assertFalse(os.path.exists(self.path("out", "export")))
        for line in harness.read(self.path("out", "metrics.jsonl")).split("\n"):
            self.assertNotRegex(line, "NaN|Infinity")

    def test_full_disk_at_the_start(self):
        os.mkdir(self.path("out"))
        os.symlink("/dev/full", self.path("out", "config.yaml"))
        run = self.start_endless()
        self.assert_over(run)
        self.assertIn("error: cannot write 'out/config.yaml': No space left on "
                      "device\n", run.err)
        self.assert_rank_0_failed(run)

    def test_disk_fills_in_the_middle(self):
        # A limit on the size of files stands in for the end of the disk.
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))
        run = self.start_endless(preexec=limit)
        self.assertEqual(run.wait(), 1)
        self.assertRegex(run.err, r"(?m)^error: .*cannot write to "
                         r"'out/metrics\.jsonl': File too large$")
        self.assert_rank_0_failed(run)
        self.assertTrue(self.events(kind="train_step"))
        harness.wait_until("no process left", lambda: not run.alive(), 5)

    def test_full_disk_at_the_export(self):
        self.write("c.yaml", harness.CONFIG)
        run = self.start("--config", "c.yaml", "output_dir=out",
                         "trainer.max_steps=1", preexec=lambda: (
                             signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
                             resource.setrlimit(resource.RLIMIT_FSIZE,
                                                (20000, 20000))))
        self.assertEqual(run.wait(), 1)
        self.assertRegex(run.err, r"(?m)^error: .*out/export/.*File too large")
        self.assert_rank_0_failed(run)
        self.assertFalse(
            os.path.exists(self.path("out", "export", "model.safetensors")),
            "a cut file is left under its final name")
        self.assertEqual(self.events(kind="run_end"), [])

    def test_output_dir_that_cannot_be_made(self):
        self.write("c.yaml", harness.CONFIG)
        run = self.fit("--config", "c.yaml", "output_dir=/proc/none/out",
                       code=1 if os.geteuid() == 0 else 2)
        self.assertIn("'/proc/none'", run.err)
        if os.geteuid() != 0:  # root may write everywhere
            os.mkdir(self.path("closed"), 0o555)
            run = self.fit("--config", "c.yaml", "output_dir=closed/out",
                           code=2)
            self.assertIn("'closed' is not writable: Permission denied",
                          run.err)


if __name__ == "__main__":
    unittest.main()
