# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Python values as YAML text, for what a user gives as a mapping.

Everything is written in flow style on one line, so a place in a message about
it counts from the start of that line.
"""

from __future__ import annotations

import json
import math
from typing import Any, Mapping


def yaml_text(value: Any, what: str = "mapping") -> str:
    """One line.

    >>> yaml_text({0: {"params": ["a.*"], "lr": 1e-06}})
    '{0: {"params": ["a.*"], "lr": 1.0e-06}}'

    Raises TypeError naming what YAML cannot hold; ``what`` says where.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Mapping):
        return "{%s}" % ", ".join(
            f"{yaml_text(k, what)}: {yaml_text(v, f'{what}.{k}')}"
            for k, v in value.items()
        )
    if isinstance(value, (list, tuple)):
        return "[%s]" % ", ".join(
            yaml_text(v, f"{what}[{i}]") for i, v in enumerate(value)
        )
    kind = type(value)
    if (kind.__module__, kind.__name__) == ("torch", "dtype"):
        return json.dumps(str(value).removeprefix("torch."))
    raise TypeError(
        f"{what} is a {kind.__name__}; a mapping for fts holds None, booleans, "
        "numbers, text, lists and mappings"
    )


def _float(value: float) -> str:
    if math.isnan(value):
        return ".nan"
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    # YAML 1.1 takes 1e-06 for text: a float needs its point.
    mantissa, mark, exponent = repr(value).partition("e")
    if mark and "." not in mantissa:
        mantissa += ".0"
    return mantissa + mark + exponent
