# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""The type stub of the extension, from the signatures that it carries.

    python3 make_stub.py > fts/_fts.pyi     (with fts on the path)

bindings/python/tests/typing_test.py holds fts/_fts.pyi against it.
"""

import inspect
import re
import sys

_HEAD = '''# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
# Made by bindings/python/packaging/make_stub.py; do not edit.
"""The C interface of fts."""

from typing import Any, Callable, Sequence
'''
_TYPES = [
    (r"fts\._fts\.", ""),
    (r"typing\.SupportsInt", "int"),
    (r"typing\.SupportsFloat", "float"),
    (r"collections\.abc\.Callable", "Callable[..., Any]"),
    (r"collections\.abc\.Sequence(?!\[)", "Sequence[Any]"),
    (r"collections\.abc\.Sequence", "Sequence"),
    (r"typing_extensions\.Buffer|object", "Any"),
    (r"\blist\b(?!\[)", "list[Any]"),
    (r"\bdict\b(?!\[)", "dict[str, Any]"),
    (r"\btuple\b(?!\[)", "tuple[Any, ...]"),
    (r"arg0: ", "value: "),
    # pybind11 does not print that None is taken.
    (r"schedule: Schedule, yaml", "schedule: Schedule | None, yaml"),
]


def signature(text):
    """"(self, phase: int) -> None" of a docstring's first line."""
    line = text.strip().splitlines()[0]
    line = line[line.index("("):]
    for old, new in _TYPES:
        line = re.sub(old, new, line)
    return re.sub(r"\((self|value): \w+", "(self", line)


def _class(name, kind):
    lines = ["", "class %s:" % name]
    if "(self: " in (kind.__init__.__doc__ or ""):
        lines.append("    def __init__%s: ..." % signature(kind.__init__.__doc__))
    for member in sorted(vars(kind)):
        if member.startswith("_") and "dlpack" not in member:
            continue
        value = inspect.getattr_static(kind, member)
        if isinstance(value, property):
            lines.append("    @property")
            lines.append("    def %s%s: ..." % (
                member, signature(value.fget.__doc__)))
        elif isinstance(value, staticmethod):
            lines.append("    @staticmethod")
            lines.append("    def %s%s: ..." % (
                member, signature(getattr(kind, member).__doc__)))
        else:
            lines.append("    def %s%s: ..." % (member, signature(value.__doc__)))
    if len(lines) == 2:
        lines.append("    pass")
    return lines


def stub(module):
    """The text of the stub."""
    lines = [_HEAD.rstrip("\n"), ""]
    classes = []
    for name in sorted(dir(module)):
        value = getattr(module, name)
        if name.startswith("_"):
            continue
        if inspect.isclass(value):
            classes += _class(name, value)
        elif callable(value):
            lines.append("def %s%s: ..." % (name, signature(value.__doc__)))
        else:
            lines.append("%s: %s" % (name, type(value).__name__))
    return "\n".join(lines + classes) + "\n"


if __name__ == "__main__":
    from fts import _fts

    sys.stdout.write(stub(_fts))
