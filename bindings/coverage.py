# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Which functions of the C interface each binding uses.

    python3 bindings/coverage.py      a table, and what is wrong

A function that a binding has no use for stands in its list below, with the
reason; a line that is not needed any more is wrong too. coverage_test.py holds
both against fts/capi/abi/exported_symbols.txt.
"""

import glob
import os
import re
import sys

EXPORTS = "fts/capi/abi/exported_symbols.txt"

_WITH = "fts_plan_resolve_with is the same with options"
_NOT_IN_RUST = {
    "fts_plan_resolve": _WITH,
    "fts_scheduler_retain": "a Scheduler owns its ports, so it has no Clone",
}

_ONE_OWNER = "a Python object is its handle's one owner; Python counts the rest"
_FILES_GO_TO_FIT = (
    "fts.fit hands files and overrides to the command, which reads them; within "
    "Python a config is a dict"
)
_NOT_IN_PYTHON = {
    "fts_buffer_retain": _ONE_OWNER,
    "fts_communicator_retain": _ONE_OWNER,
    "fts_config_retain": _ONE_OWNER,
    "fts_diagnostics_retain": _ONE_OWNER,
    "fts_event_retain": _ONE_OWNER,
    "fts_model_retain": _ONE_OWNER,
    "fts_optimizer_retain": _ONE_OWNER,
    "fts_outcome_retain": _ONE_OWNER,
    "fts_plan_retain": _ONE_OWNER,
    "fts_schedule_retain": _ONE_OWNER,
    "fts_scheduler_retain": _ONE_OWNER,
    "fts_session_retain": _ONE_OWNER,
    "fts_status_retain": _ONE_OWNER,
    "fts_config_check": _FILES_GO_TO_FIT,
    "fts_config_get": _FILES_GO_TO_FIT,
    "fts_config_get_info": _FILES_GO_TO_FIT,
    "fts_config_get_key": _FILES_GO_TO_FIT,
    "fts_config_get_value": _FILES_GO_TO_FIT,
    "fts_config_load": _FILES_GO_TO_FIT,
    "fts_config_parse": _FILES_GO_TO_FIT,
    "fts_config_release": _FILES_GO_TO_FIT,
    "fts_config_to_json": _FILES_GO_TO_FIT,
    "fts_config_to_text": _FILES_GO_TO_FIT,
    "fts_config_to_yaml": _FILES_GO_TO_FIT,
    "fts_diagnostics_to_text": "errors.cc puts each into the exception's details",
    "fts_live_handles": "leaks are counted by fts/capi/leaks_test",
    "fts_log_set_callback": "every call takes its diagnostics and outcomes itself",
    "fts_plan_resolve": _WITH,
    "fts_session_get_callbacks": "fts.Scheduler calls its backend's methods",
    "fts_session_set_metric": "metrics are the scheduler's callback in Python",
    "fts_session_pre_forward": "tensors are torch's: the _at form, without handles",
    "fts_session_post_forward": "as fts_session_pre_forward",
    "fts_status_code_name": "exceptions hold the number",
    "fts_tp_convert": "as fts_session_pre_forward",
    "fts_tp_cross_entropy": "as fts_session_pre_forward",
    "fts_tp_embedding": "as fts_session_pre_forward",
}

# Binding: (its sources, {function: why it is not used}).
BINDINGS = {
    # The safe crate, not the declarations of fts-sys.
    "Rust": (["bindings/rust/fts/src/**/*.rs"], _NOT_IN_RUST),
    # The extension; the Python files see nothing but it.
    "Python": (
        ["bindings/python/src/**/*.cc", "bindings/python/src/**/*.h"],
        _NOT_IN_PYTHON,
    ),
}


def exports(root):
    """The exported functions, in order."""
    with open(os.path.join(root, EXPORTS)) as f:
        lines = [line.strip() for line in f]
    return [line for line in lines if line and not line.startswith("#")]


def words(root, patterns):
    """Every fts_ name in the code of the files, comments left out."""
    found = set()
    for pattern in patterns:
        for path in glob.glob(os.path.join(root, pattern), recursive=True):
            with open(path) as f:
                text = re.sub(r"//[^\n]*", "", f.read())
            found.update(re.findall(r"\bfts_\w+", text))
    return found


def problems(names, used, unused):
    """What is wrong with one binding: lines."""
    found = []
    for name in names:
        if name not in used and name not in unused:
            found.append("%s is not used: use it, or list it with a reason" % name)
        if name in used and name in unused:
            found.append("%s is used now: take it off the list" % name)
    for name in unused:
        if name not in names:
            found.append("%s is listed, and not exported" % name)
    return found


def check(root):
    """{binding: problems}."""
    names = exports(root)
    return {
        binding: problems(names, words(root, patterns), unused)
        for binding, (patterns, unused) in BINDINGS.items()
    }


def main():
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    names = exports(root)
    for binding, (patterns, unused) in BINDINGS.items():
        used = words(root, patterns)
        count = sum(name in used for name in names)
        print("%s: %d of %d used" % (binding, count, len(names)))
        for name, why in sorted(unused.items()):
            print("  not %s: %s" % (name, why))
    found = check(root)
    for binding, lines in found.items():
        for line in lines:
            print("%s: %s" % (binding, line), file=sys.stderr)
    return 1 if any(found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
