# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""What processes do: Ctrl-C while waiting for a peer, fork, an exception in a
callback, the interpreter's end with everything still alive."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import unittest

import torch

import fts
from fts import _fts

_FUTEX = "202"  # its system call number on x86-64


def start(code, rank=None, world=1, port=0):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path),
                   "OMP_NUM_THREADS": "1"}  # fmt: skip
    if rank is not None:
        environment.update(
            RANK=str(rank), WORLD_SIZE=str(world), LOCAL_RANK=str(rank),
            LOCAL_WORLD_SIZE=str(world), MASTER_ADDR="127.0.0.1",
            MASTER_PORT=str(port),
        )  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-u", "-c", textwrap.dedent(code)],
        env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def wait_until_blocked(process):
    """Until the main thread waits inside the library."""
    while process.poll() is None:
        with open(f"/proc/{process.pid}/syscall", encoding="ascii") as file:
            if file.read().split()[0] == _FUTEX:
                return


class ProcessTest(unittest.TestCase):
    def test_ctrl_c_ends_a_wait_for_a_peer_and_the_peer_learns_why(self):
        port = free_port()
        first = start(
            """
            import fts
            from fts import _fts
            mesh = _fts.Mesh.create()
            print("joined", flush=True)
            try:
                mesh.barrier()
            except KeyboardInterrupt:
                print("interrupted")
            """,
            0, 2, port,
        )  # fmt: skip
        second = start(
            """
            import fts
            from fts import _fts
            mesh = _fts.Mesh.create()
            print("joined", flush=True)
            input()
            try:
                mesh.barrier()
            except fts.CommError as error:
                print(error.code, error)
            """,
            1, 2, port,
        )  # fmt: skip
        self.assertEqual(first.stdout.readline(), "joined\n")
        self.assertEqual(second.stdout.readline(), "joined\n")
        wait_until_blocked(first)
        first.send_signal(signal.SIGINT)
        output, problems = first.communicate()
        self.assertEqual((output, problems), ("interrupted\n", ""))
        output, problems = second.communicate("\n")
        self.assertIn("UNAVAILABLE", output, problems)
        self.assertIn("interrupted (SIGINT)", output)

    def test_events_tell_of_work_in_flight(self):
        port = free_port()
        common = """
            import threading, torch, fts
            from fts import _fts
            mesh = _fts.Mesh.create()
            comm = mesh.communicator("dp_shard")
            tensor = torch.full((4,), 1.0 + comm.rank)
            print("joined", flush=True)
            """
        first = start(
            common
            + """
            event = comm.all_reduce(tensor)
            try:
                event.wait(0.05)
            except fts.CommError as error:
                print(error.code, event.is_ready(), flush=True)
            heard = threading.Event()
            event.on_ready(lambda error: heard.set() if error is None else None)
            event.wait()
            heard.wait()  # on a thread of the library's
            mesh.barrier()
            print(tensor.tolist(), event.is_ready())
            part = torch.zeros(2)
            comm.reduce_scatter(torch.arange(4.0), part, op="max").wait()
            print(part.tolist())
            comm.broadcast(tensor, root=1).wait()
            print(tensor.tolist())
            input()
            mesh.abort("enough")
            try:
                comm.all_gather(torch.zeros(2)).wait()
            except fts.CommError as error:
                print(error.code)
            """,
            0, 2, port,
        )  # fmt: skip
        second = start(
            common
            + """
            input()
            comm.all_reduce(tensor).wait()
            mesh.barrier()
            part = torch.zeros(2)
            comm.reduce_scatter(torch.arange(4.0) * 2, part, op="max").wait()
            print(part.tolist())
            comm.broadcast(torch.full((4,), 9.0), root=1).wait()
            print("done", flush=True)
            try:
                mesh.barrier()
            except fts.CommError as error:
                print("enough" in str(error))
            """,
            1, 2, port,
        )  # fmt: skip
        self.assertEqual(first.stdout.readline(), "joined\n")
        self.assertEqual(second.stdout.readline(), "joined\n")
        self.assertEqual(first.stdout.readline(), "DEADLINE_EXCEEDED False\n")
        second.stdin.write("\n")
        second.stdin.flush()
        self.assertEqual(second.stdout.readline(), "[4.0, 6.0]\n")
        self.assertEqual(second.stdout.readline(), "done\n")
        output, mine = first.communicate("\n")
        other, problems = second.communicate()
        self.assertEqual(
            (output, mine),
            (
                "[3.0, 3.0, 3.0, 3.0] True\n[0.0, 2.0]\n"
                "[9.0, 9.0, 9.0, 9.0]\nUNAVAILABLE\n",
                "",
            ),
        )
        self.assertEqual((other, problems), ("True\n", ""))

    def test_a_forked_child_is_told(self):
        mesh = _fts.Mesh.create()
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                mesh.sum([1.0])
                text = "no error"
            except fts.StateError as error:
                text = str(error)
            os.write(write, text.encode())
            os._exit(0)
        os.close(write)
        os.waitpid(child, 0)
        with os.fdopen(read) as answer:
            self.assertIn("this is a forked child", answer.read())
        self.assertEqual(mesh.sum([1.0]), [1.0])

    def test_the_interpreter_ends_quietly_with_everything_alive(self):
        process = start(
            """
            import threading, torch, fts
            from fts import _fts
            model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 1))
            description = fts.describe(model)
            schedule = fts.Schedule(None, description, max_epochs=2)
            class Ports:
                def __getattr__(self, name):
                    return lambda *args: 0.0
            scheduler = _fts.Scheduler(schedule.handle, Ports())
            scheduler.run_start()
            mesh = _fts.Mesh.create()
            plan = fts.Plan({"fsdp_plan": {"0": {}}}, description, schedule)
            session = _fts.Session(plan.handle, schedule.handle, mesh,
                                   list(model.named_parameters()))
            session.load()
            event = mesh.communicator().all_reduce(torch.ones(4))
            event.on_ready(lambda error: None)
            model.scheduler, scheduler_loop = scheduler, [model]
            scheduler_loop.append(scheduler_loop)
            """
        )
        output, problems = process.communicate()
        self.assertEqual((process.returncode, output, problems), (0, "", ""))


class CallbackTest(unittest.TestCase):
    def setUp(self):
        self.model = torch.nn.Sequential(torch.nn.Linear(2, 2))
        self.schedule = fts.Schedule(None, self.model, max_epochs=2)

    def test_an_exception_in_a_callback_is_the_cause(self):
        class Ports:
            def thaw(self, phase):
                raise KeyError(f"phase {phase} is not mine")

            def __getattr__(self, name):
                return lambda *args: None

        scheduler = _fts.Scheduler(self.schedule.handle, Ports())
        with self.assertRaisesRegex(fts.Error, "phase 0 is not mine") as seen:
            scheduler.run_start()
        self.assertIsInstance(seen.exception.__cause__, KeyError)
        # Half-way: later events say the same.
        with self.assertRaisesRegex(fts.Error, "phase 0 is not mine") as again:
            scheduler.epoch_start(0)
        self.assertIsNone(again.exception.__cause__)

    def test_callbacks_are_let_go_of_once(self):
        gone = []

        class Ports:
            def __del__(self):
                gone.append(1)

        scheduler = _fts.Scheduler(self.schedule.handle, Ports())
        self.assertEqual(gone, [])
        del scheduler
        self.assertEqual(gone, [1])
        with self.assertRaisesRegex(ValueError, "early_stopping has no key 'patient'"):
            _fts.Scheduler(
                self.schedule.handle, Ports(), early_stopping={"patient": 1}
            )
        with self.assertRaises(fts.InputError):
            _fts.Scheduler(self.schedule.handle, Ports(), max_steps=0)
        self.assertEqual(gone, [1, 1, 1])

    def test_a_scheduler_is_for_one_call_at_a_time(self):
        class Ports:
            def thaw(self, phase):
                scheduler.run_start()

            def __getattr__(self, name):
                return lambda *args: None

        scheduler = _fts.Scheduler(self.schedule.handle, Ports())
        with self.assertRaisesRegex(fts.Error, "another call on this scheduler") as e:
            scheduler.run_start()
        self.assertIsInstance(e.exception.__cause__, fts.StateError)


if __name__ == "__main__":
    unittest.main()
