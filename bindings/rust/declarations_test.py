# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""The functions and callback types of fts-sys against the C headers.

Both are read as text and brought into one form; layouts and constants are
compared by a C program (fts-sys/tests/layout.rs).
"""

import glob
import os
import re
import unittest

_ROOT = os.path.join(os.environ["TEST_SRCDIR"], os.environ["TEST_WORKSPACE"])

_PLAIN = {
    "void": "c_void",
    "char": "c_char",
    "double": "f64",
    "size_t": "usize",
    "int32_t": "i32",
    "int64_t": "i64",
    "uint8_t": "u8",
}


def _read(pattern):
    text = ""
    for path in sorted(glob.glob(os.path.join(_ROOT, pattern))):
        with open(path) as f:
            text += f.read()
    return re.sub(r"//[^\n]*", "", text)


def _split(parameters):
    """Parameters at the outer commas."""
    parts, depth = [""], 0
    for c in parameters:
        depth += c in "(<"
        depth -= c in ")>"
        if c == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += c
    return [" ".join(p.split()) for p in parts if p.strip() not in ("", "void")]


def _c_type(text):
    """A C type without the parameter's name, as Rust writes it."""
    text = " ".join(text.replace("*", " * ").split()).replace("struct ", "")
    if "(" in text:  # void (*destroy)(void* user_data)
        inner = re.fullmatch(r"void \( \* \w+ ?\)\( ?void \* \w+ ?\)", text)
        assert inner, text
        return "Option<fn(*mut c_void)>"
    words = text.split()
    # The type is all before the name, which is last.
    if words[-1] not in ("*", "const"):
        words = words[:-1]
    const, base, rest = False, None, []
    for word in words:
        if word == "const" and base is None:
            const = True
        elif base is None:
            base = _PLAIN.get(word, word)
        else:
            rest.append(word)
    out = base
    for word in rest:
        if word == "*":
            out = ("*const " if const else "*mut ") + out
            const = False
        else:
            const = True  # const after a *: the next pointer's pointee
    return out


def _c_functions():
    text = re.sub(r"^#(.*\\\n)*.*$", "", _read("fts/capi/*.h"), flags=re.M)
    text = re.sub(r"\bFTS_(API|NODISCARD|NOEXCEPT)\b", "", text)
    text = re.sub(r"static inline[^{]*\{[^}]*\}", "", text)
    found = {}
    for result, name, parameters in re.findall(
        r"([\w \*]+?)\b(fts_\w+)\(([^;]*?)\)\s*;", text
    ):
        found[name] = (
            [_c_type(p) for p in _split(parameters)],
            _c_type(result.strip() + " x") if result.strip() != "void" else "",
        )
    for result, name, parameters in re.findall(
        r"typedef ([\w \*]+?)\(\*(\w+)\)\(([^;]*?)\)\s*;", text
    ):
        found[name] = (
            [_c_type(p) for p in _split(parameters)],
            _c_type(result.strip() + " x") if result.strip() != "void" else "",
        )
    return found


def _rust_type(text):
    text = re.sub(r"(unsafe extern \"C\" )", "", " ".join(text.split()))
    text = re.sub(r"fn\(\w+: ", "fn(", text)
    return text.strip().rstrip(",")


def _rust_functions():
    text = _read("bindings/rust/fts-sys/src/*.rs")
    found = {}
    for name, parameters, result in re.findall(
        r"pub fn (fts_\w+)\(([^;]*?)\)(?: -> ([^;]*?))?;", text
    ) + re.findall(
        r"pub type (fts_\w+_fn) =\s*Option<\s*unsafe extern \"C\" fn\((.*?)\)"
        r"(?: -> ([^;]*?),?\s*)?>;",
        text,
        flags=re.S,
    ):
        kinds = [
            _rust_type(re.sub(r"^(r#)?\w+: ", "", p)) for p in _split(parameters)
        ]
        found[name] = (kinds, _rust_type(result))
    return found


class DeclarationsTest(unittest.TestCase):
    maxDiff = None

    def test_functions(self):
        c, rust = _c_functions(), _rust_functions()
        self.assertGreater(len(c), 150)
        self.assertEqual(sorted(c), sorted(rust))
        for name in sorted(c):
            with self.subTest(name):
                self.assertEqual(rust[name], c[name])


if __name__ == "__main__":
    unittest.main()
