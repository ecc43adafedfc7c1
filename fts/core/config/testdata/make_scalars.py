#!/usr/bin/env python3
# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Writes scalars.tsv: what PyYAML's SafeLoader makes of plain scalars.

Usage: make_scalars.py > scalars.tsv   (needs PyYAML; the table was made with 6.0.3)

One line per scalar: text, kind, value, tab-separated. Kinds are null, bool,
int, float, str, and error where PyYAML refuses the scalar. Dates are listed as
str, because fts keeps them as text. Floats are printed as C hexadecimal.
"""

import itertools
import math

import yaml


class Loader(yaml.SafeLoader):
    pass


Loader.add_constructor("tag:yaml.org,2002:timestamp",
                       lambda loader, node: node.value)

WORDS = [
    "~", "null", "Null", "NULL", "nULL", "none", "None", "nil", "nan", "NaN",
    "inf", "Infinity", "=", "<", "<=", "a=b", "x", "yes1", "_1", "_", "1_", "-",
    "+", ".", "-.", "+.", "..", "...x", "1..2", "1.2.3", "0x", "0b", "0o17",
    "0O17", "0X1F", "0B1", "0_", "0__", "0_7", "07_1", "08", "09", "018", "0b2",
    "0b_", "0x_", "0b1_0", "0x_f", "-0x1F", "+0b11", "-010", "+010", "00", "000",
    "0.", "00.", "01.5", "08.5", "1._", "1_._2", "1__0", "1_000", "1_000.5",
    "1,000", "1 000", "9223372036854775807", "-9223372036854775808",
    "0x7fffffffffffffff", "-0x8000000000000000", "2001-12-14", "2001-1-1",
    "2001-12-14 21:59:43.10 -5", "2001-12-14t21:59:43.10-05:00", "2001-12-1",
    "12:30:45", "1:30", "-1:30", "+1:30", "1:60", "1:59", "1:5", "1:05", "1:3:",
    "01:30", "0:30", "0:30.", "00:30.5", "190:20:30", "190:20:30.15", "1:30.",
    "1_0:30", "1:3_0", "-1:30.5", "1:30.5e+1", "24:00:00", "1:2:3:4:5", "a:1",
    "1e5", "1E5", "1e+5", "1.e5", "1.e+5", "1.0e5", "1.0e+5", "1.0E-05",
    "1.5e-3", "1e-06", "1E-06", "-1e-06", "1.e-06", ".5", "-.5", "+.5", ".5e3",
    ".5e+3", "._5", ".5_0", "5.", "-5.", "+5.", "5._5", "1e", "1.0e", "1.0e+",
    "1.0e+1_0", "1.5f", "0x1p3", ".inf", ".Inf", ".INF", "-.inf", "+.inf",
    "+.INF", ".iNF", ".nan", ".NaN", ".NAN", "-.nan", "+.nan", ".Nan", "1.inf",
    "1d", "1L", "1%", "1/2", "3.14", "-3.14", "+3.14", "1e308", "1.0e+308",
    "1.0e+400", "4.9e-324", "2.2250738585072014e-308", "0.1", "0.30000000000000004",
    "model.output", "model.layers.\\d*$", "1.1", "16-true", "32-true",
    "bf16-mixed", "4.", "torch.optim.AdamW", "-1", "+1", "--1", "+-1", "1-", "1+",
    "0", "-0", "+0", "-0.0", "1.", "10", "1e1.5", "12e03", "-2E+05", "0.5e-3",
    "0.5e3", "6.8523015e+5", "685.230_15e+03", "685_230.15", "685_230",
    "0b1010_0111_0100_1010_1110", "0x_0A_74_AE", "02472256", "5:1",
]
BASES = ["yes", "no", "true", "false", "on", "off", "y", "n", "t", "f"]


def scalars():
    seen = []
    for word in BASES:
        for form in (word, word.capitalize(), word.upper(), word + "s",
                     word[0] + word[1:].upper()):
            seen.append(form)
    seen += WORDS
    for sign, body, tail in itertools.product(
            ["", "-", "+"], ["0", "7", "12", "012", "0x1a", "1_2", "3:20", "1."],
            ["", "_", ".", "e+2", ".5e-2"]):
        seen.append(sign + body + tail)
    return list(dict.fromkeys(seen))


def describe(text):
    try:
        value = yaml.load("- " + text, Loader=Loader)[0]
    except (yaml.YAMLError, ValueError, IndexError):
        return "error", ""
    if value is None:
        return "null", ""
    if isinstance(value, bool):
        return "bool", "true" if value else "false"
    if isinstance(value, int):
        return "int", str(value)
    if isinstance(value, float):
        if math.isnan(value):
            return "float", "nan"
        return "float", "inf" if value == math.inf else (
            "-inf" if value == -math.inf else value.hex())
    if isinstance(value, str):
        assert value == text, (value, text)
        return "str", value
    return None  # a mapping or list: no scalar


for scalar in scalars():
    row = describe(scalar)
    if row:
        print(scalar, *row, sep="\t")
