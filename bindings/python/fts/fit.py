# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Runs the command ``fts fit`` that this package carries, and follows it.

The command trains in processes of its own, one a rank; this process starts
nothing of torch and needs no launcher.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Callable, Iterator, Mapping, Sequence, Union

from fts.command import command_path, environment
from fts.errors import Diagnostic, Error, InputError
from fts.yaml_text import yaml_text

Config = Union[str, "os.PathLike[str]", Mapping[str, Any]]
Event = dict[str, Any]

_POLL_SECONDS = 0.05
_GRACE_SECONDS = 20.0
_DIAGNOSTIC = re.compile(
    r"^(?:(?P<file>.+?):(?P<line>\d+):(?P<column>\d+): )?"
    r"(?P<severity>error|warning): (?P<message>.*) \[(?P<code>[a-z0-9_]+)\]$"
)


class FitError(Error, RuntimeError):
    """A run that had started has failed. ``output_dir`` holds what it left."""

    output_dir: str = ""


@dataclass
class FitResult:
    """What a run left. ``metrics``: every line of metrics.jsonl; ``best``: as its
    run_end says, or None."""

    output_dir: str
    metrics: list[Event] = field(repr=False)
    reason: str = ""
    steps: int = 0
    best: Any = None

    def events(self, kind: str) -> list[Event]:
        """Those of one kind: train_step, validation, phase, checkpoint, ..."""
        return [event for event in self.metrics if event["event"] == kind]

    @property
    def losses(self) -> list[float]:
        """Of the train_step events."""
        return [event["loss"] for event in self.events("train_step")]

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{e['phase']}</td><td>{e['epoch']}</td><td>{e['step']}</td>"
            f"<td>{e['trainable_params']:,}</td></tr>"
            for e in self.events("phase")
        )
        return (
            f"<p>{self.output_dir}: {self.steps} steps, {self.reason}</p><table>"
            "<tr><th>phase</th><th>epoch</th><th>step</th><th>trainable</th></tr>"
            f"{rows}</table>"
        )


def fit(
    config: Config | Sequence[Config],
    *overrides: str,
    on_event: Callable[[Event], None] | None = None,
    progress: bool = True,
) -> FitResult:
    """Trains as ``fts fit`` does, and returns when it is over.

    ``config``: the path of a YAML file, a dict (relative paths in it are taken
    from the working directory), or several, merged in order. ``overrides``:
    ``"trainer.max_epochs=3"``. ``on_event`` is called in this thread with each
    line of metrics.jsonl as it is written; what it raises stops the run and
    comes out here. ``progress``: the command's own lines on stderr.

    Ctrl-C stops the run as it does on the command line: a checkpoint is written
    where the config has any, and KeyboardInterrupt is raised.

    Errors: InputError (exit 2: the config is wrong, nothing was started) and
    FitError (the run failed), each with the command's own text.
    """
    several = isinstance(config, Sequence) and not isinstance(config, str)
    given: Sequence[Config] = config if several else [config]  # type: ignore[assignment,list-item]
    with _files(given) as (files, made):
        arguments = [a for file in files for a in ("--config", file)]
        output_dir = _output_dir(arguments, overrides, made)
        before = _read(_metrics_path(output_dir))
        run = _Run(
            [
                command_path(), "fit", *arguments, *overrides,
                f"output_dir={json.dumps(output_dir)}",
            ],
            progress,
        )  # fmt: skip
        follow = _Follow(_metrics_path(output_dir), before, on_event)
        try:
            while run.running():
                follow.poll()
                run.wait(_POLL_SECONDS)
            follow.poll()
        except BaseException:
            run.stop()
            raise
    return _result(run, output_dir, made)


@contextlib.contextmanager
def _files(given: Sequence[Config]) -> Iterator[tuple[list[str], list[str]]]:
    """Their paths, and those of them that are dicts, in files of the working
    directory for a while."""
    names: list[str] = []
    made: list[str] = []
    try:
        for one in given:
            if not isinstance(one, Mapping):
                names.append(os.fspath(one))
                continue
            handle, path = tempfile.mkstemp(".yaml", ".fts-fit-", os.getcwd())
            made.append(path)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(yaml_text(one, "config") + "\n")
            names.append(path)
        yield names, made
    finally:
        for path in made:
            os.unlink(path)


def _output_dir(
    arguments: Sequence[str], overrides: Sequence[str], made: Sequence[str]
) -> str:
    """Where the run will write, absolute."""
    done = subprocess.run(
        [command_path(), "config", "print", *arguments, *overrides],
        env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise _input_error(done.stderr, made)
    for line in done.stdout.splitlines():
        found = re.match(r"^output_dir: (.*?)(?:\s+# .*)?$", line)
        if found:
            name = found.group(1)
            if name[:1] in "\"'":
                name = name[1:-1]
            return os.path.abspath(name)
    stamp = time.strftime("%Y%m%d-%H%M%S")
    return os.path.abspath(os.path.join("runs", f"fit-{stamp}-{os.getpid()}"))


def _metrics_path(output_dir: str) -> str:
    return os.path.join(output_dir, "metrics.jsonl")


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""


class _Follow:
    """Passes on lines as they are added. A resumed run first cuts off lines past
    its checkpoint; those that stay are not passed on again."""

    def __init__(
        self, path: str, before: bytes, on_event: Callable[[Event], None] | None
    ) -> None:
        self._path = path
        self._before = before
        self._seen = len(before)
        self._on_event = on_event

    def poll(self) -> None:
        if self._on_event is None:
            return
        now = _read(self._path)
        if self._before and not now.startswith(self._before):
            # Cut: what is left of the old lines is the common beginning.
            pairs = zip(self._before, now)
            same = next((i for i, (a, b) in enumerate(pairs) if a != b), len(now))
            self._seen = now.rfind(b"\n", 0, same) + 1
            self._before = b""
        end = now.rfind(b"\n") + 1
        lines, self._seen = now[self._seen : end], max(self._seen, end)
        for line in lines.splitlines():
            self._on_event(json.loads(line))


class _Run:
    """The command as a child in a session of its own, so that a Ctrl-C reaches
    it once and through us."""

    def __init__(self, command: Sequence[str], progress: bool) -> None:
        self._process = subprocess.Popen(
            command, env=environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            errors="replace", start_new_session=True,
        )  # fmt: skip
        self._lines: list[str] = []
        self._progress = progress
        self._reader = threading.Thread(target=self._copy, daemon=True)
        self._reader.start()

    def _copy(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as lines:
            for line in lines:
                self._lines.append(line)
                if self._progress:
                    sys.stderr.write(line)
                    sys.stderr.flush()

    def running(self) -> bool:
        return self._process.poll() is None

    def wait(self, seconds: float) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)

    def stop(self) -> None:
        """As Ctrl-C, then as kill; nothing is left running."""
        for what, grace in (
            (signal.SIGINT, _GRACE_SECONDS), (signal.SIGTERM, 5.0),
            (signal.SIGKILL, None),
        ):  # fmt: skip
            if not self.running():
                break
            with contextlib.suppress(ProcessLookupError):
                if what is signal.SIGKILL:
                    os.killpg(self._process.pid, what)
                else:
                    self._process.send_signal(what)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(grace)
        self._reader.join(1.0)

    def result(self) -> tuple[int, str]:
        """(exit status, what it wrote to stderr)."""
        code = self._process.wait()
        self._reader.join()
        return code, "".join(self._lines)


def _diagnostics(text: str) -> list[Diagnostic]:
    out = []
    for line in text.splitlines():
        found = _DIAGNOSTIC.match(line)
        if found:
            part = found.groupdict()
            out.append(
                Diagnostic(
                    part["severity"], part["code"], part["message"], part["file"],
                    int(part["line"]) if part["line"] else None,
                    int(part["column"]) if part["column"] else None,
                )
            )  # fmt: skip
    return out


def _filled(error: Error, text: str) -> Error:
    error.code = "INVALID_ARGUMENT" if isinstance(error, InputError) else "ABORTED"
    error.diagnostics = _diagnostics(text)
    first = next((d for d in error.diagnostics if d.severity == "error"), None)
    if first is not None:
        error.details = {
            key: str(value)
            for key, value in first._asdict().items()
            if key in ("code", "file", "line", "column") and value is not None
        }
    return error


def _input_error(text: str, made: Sequence[str]) -> Error:
    for path in made:
        text = text.replace(path, "config")
    lines = [l for l in text.splitlines() if "error: " in l] or text.splitlines()
    return _filled(InputError("\n".join(lines).strip()), text)


def _result(run: _Run, output_dir: str, made: Sequence[str]) -> FitResult:
    code, text = run.result()
    if code == 2:
        raise _input_error(text, made)
    if code != 0:
        errors = [l for l in text.splitlines() if "error" in l.lower()]
        tail = errors[-5:] or text.splitlines()[-5:] or [f"exit status {code}"]
        error = FitError("\n".join(tail).strip())
        error.output_dir = output_dir
        raise _filled(error, text)
    metrics = [json.loads(l) for l in _read(_metrics_path(output_dir)).splitlines()]
    end: Event = next((e for e in reversed(metrics) if e["event"] == "run_end"), {})
    return FitResult(
        output_dir, metrics, end.get("reason", ""), end.get("steps", 0),
        end.get("best"),
    )  # fmt: skip
