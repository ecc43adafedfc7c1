#!/usr/bin/env python3
# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Writes expression_golden.inc: what Python's eval makes of lr_lambdas.

Usage: expression_golden.py > expression_golden.inc
Each row is an expression and its values at EPOCHS as float() shows them, or
"error" where Python raises (or has a complex number). Rows hold what people
write, Python's corner cases, and expressions drawn from the grammar. Values
that need integers of more than 64 bits are left out ("-") unless the
expression is in LARGE.
"""
import ast
import math
import random

EPOCHS = [0, 1, 2, 3, 7, 10, 64, 100, 1000]

WRITTEN = """
1
0.5
epoch
0.95 ** epoch
0.9 ** (epoch // 30)
0.5 ** (epoch / 10)
1 / (epoch + 1)
1 / (1 + 0.05 * epoch)
1 / math.sqrt(epoch + 1)
(epoch + 1) ** -0.5
min(1, (epoch + 1) / 100)
min(1.0, epoch / 100)
max(0.0, 1 - epoch / 100)
max(0.1, 0.9 ** epoch)
min((epoch + 1) ** -0.5, (epoch + 1) * 40 ** -1.5)
0.5 * (1 + math.cos(math.pi * epoch / 200))
0.5 * (1 + cos(pi * min(epoch, 100) / 100))
math.exp(-0.1 * epoch)
exp(-epoch / 50)
epoch / 10 if epoch < 10 else 1
epoch / 10 if epoch < 10 else 0.5 ** ((epoch - 10) // 10)
1.0 if epoch < 5 else 0.1 if epoch < 50 else 0.01
1.0 if 5 <= epoch < 50 else 0.1
0.1 if epoch >= 64 and epoch % 2 == 0 else 1
1 - (epoch > 10) * 0.9
(epoch + 1) / 5 if epoch < 5 else 0.5 * (1 + math.cos(math.pi * (epoch - 5) / 95))
lambda epoch: 0.65 ** epoch
lambda e: 1 / (e + 1)
lambda step: min((step + 1) / 64, 1.0)
lambda _: 1
lambda x: x if x > 1 else 1
lambda  pi : pi + 1
log(epoch + 1)
math.log(epoch + 1, 2)
math.log(epoch)
math.log2(epoch + 1)
math.log10(epoch + 10)
math.log1p(epoch)
math.log1p(-epoch)
math.expm1(epoch / 100)
math.exp(epoch)
math.sqrt(epoch)
math.sqrt(1 - epoch)
math.sin(epoch)
math.tan(epoch)
math.tanh(epoch / 10)
math.atan(epoch)
math.fabs(3 - epoch)
math.floor(epoch / 3)
math.ceil(epoch / 3)
math.trunc(-epoch / 3)
math.fmod(-epoch, 3)
math.fmod(epoch, 0)
math.pow(epoch, 0.5)
math.pow(0, -1)
math.pow(-1, 0.5)
math.pow(epoch, epoch)
math.tau / math.e
math.inf
-math.inf
math.inf - math.inf
min(math.inf, epoch)
floor(math.inf)
ceil(math.inf - math.inf)
int(math.inf)
round(math.inf)
sin(math.inf)
1 / epoch
1 // epoch
1 % epoch
1.0 / (epoch - 1)
1.5 // (epoch - 1)
1.5 % (epoch - 1)
0 ** -1
0.0 ** -epoch
epoch ** -1
1 / 0 if epoch < 0 else 1
epoch and 1 / epoch
epoch or 0.5
not epoch
not not epoch
0 or 0.0
1 and 2 and 3
1 and 0 and 1 / 0
0 or 2 or 1 / 0
True + True
-True
+True
True / 2
False or 3
True if epoch else False
True == 1
-2 ** 2
(-2) ** 2
2 ** 3 ** 2
2 ** -1
-2 ** -2
(-8) ** (1 / 3)
(-8) ** 2.0
(-8) ** 3
8 ** (1 / 3)
(-1.5) ** epoch
(1 - epoch) ** 0.5
0 ** 0
0.0 ** 0.0
--1
-+-+1
- - epoch
+epoch
7 // 2
-7 // 2
7 // -2
-7 // -2
7 % 3
-7 % 3
7 % -3
-7 % -3
7.5 // 2
-7.5 // 2
7.5 // -2
-7.5 % 2
7.5 % -2
0.0 % -1
-0.0 // 3
1e300 // 1e-300
5 % 2.5
epoch % 3
-epoch % 3
epoch // 3
-epoch // 3
epoch // 0.3
epoch % 0.3
7 / 2
6 / 2
1 < 2 < 3
3 > 2 >= 2 != 1
1 < 2 > 1
1 == 1.0
(1 < 2) + (2 < 1)
0 < epoch < 10
epoch == 3
epoch != 3
epoch <= 3
2 < 1 / 0 < 3 if epoch == -1 else 5
3 < 2 < 1 / 0
abs(-3)
abs(3 - epoch)
abs(-2.5)
abs(True)
min(3, 1, 2)
max(3, 1, 2)
min(1, 1.0)
max(epoch, 5, 2.5)
min(2, 1,)
max(min(epoch, 10), 2)
round(0.5)
round(1.5)
round(2.5)
round(-0.5)
round(-2.5)
round(2.675, 2)
round(1234.5678, 2)
round(epoch / 7, 3)
round(0.15, 1)
round(0.25, 1)
round(0.35, 1)
round(2.5, 0)
round(1e22, 2)
round(12345, -2)
round(12350, -2)
round(12250, -2)
round(-12350, -2)
round(-12251, -2)
round(55, 5)
round(7, -1)
round(5, -1)
round(15, -1)
round(1234.5, -2)
round(1250.0, -2)
round(True)
int(2.9)
int(-2.9)
int(True)
float(3)
bool(epoch)
pow(2, 3)
pow(2, -1)
pow(epoch, 2)
pow(0, -1)
pow(2.0, 0.5)
floor(-0.5)
ceil(-0.5)
floor(3)
trunc(2.7)
sqrt(2)
sqrt(-1)
log(0)
log(8, 2)
log(8, 1)
log(-1)
exp(1000)
exp(-1000)
10.0 ** 400
10.0 ** -400
1e308 * 10
1e-320 / 10
0x10 + 0b101 + 0o17
0XfF
1_000 + 1_0.5
1_000e-3
1.
.5
1.e2
1e5
1E-2
00
0_0
00.5
007.5
9223372036854775807
-9223372036854775807 - 1
9007199254740993 == 9007199254740992.0
9007199254740993 > 9007199254740992.0
9223372036854775807 < 9223372036854775808.0
(epoch)
((epoch))
( epoch + 1 ) * 2
2*epoch+3*epoch**2-epoch/4
1-1-1
2/2/2
2*3%4
2+3*4
(2+3)*4
100//7//2
1 - 2 if epoch else 3 + 4
(1 if epoch > 2 else 2) if epoch > 1 else 3
1 if epoch > 2 else (2 if epoch > 1 else 3)
not 1 == 2
not epoch < 3 or epoch > 7
epoch > 1 and epoch < 8 or epoch == 100
1 + (epoch > 3 and 2)
""".strip("\n").split("\n")

# Exact in Python, as floats here: the same to 15 digits.
LARGE = """
1 / 2 ** epoch
1 / 3 ** min(epoch, 200)
2 ** 64 / 2 ** 63
9223372036854775807 + 1
-9223372036854775808
9223372036854775807 * epoch
-(-9223372036854775807 - 1)
abs(-9223372036854775807 - 1)
(-9223372036854775807 - 1) // -1
12345678901234567890
0xFFFFFFFFFFFFFFFFFF
10 ** 20 // 7
10 ** min(epoch, 300) * 1.0
round(1e30)
floor(1e19)
int(-1e19)
max(2 ** 70, 1)
""".strip("\n").split("\n")

NAMES = {k: getattr(math, k) for k in dir(math) if not k.startswith("_")}
NAMES.update({"math": math, "pow": pow})


def value_at(text, epoch):
    """float, "error", or None when a number needs more than 64 bits."""
    names = dict(NAMES)
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        if isinstance(tree, ast.Lambda):
            names[tree.args.args[0].arg] = epoch
            tree = tree.body
        else:
            names["epoch"] = epoch
        large = False
        for node in ast.walk(tree):
            if isinstance(node, ast.expr) and not isinstance(node, ast.Attribute):
                if text in LARGE:
                    break
                try:
                    part = eval(compile(ast.Expression(node), "", "eval"), names)
                except Exception:
                    continue
                large |= isinstance(part, int) and not -(2**63) <= part < 2**63
        if large:
            return None
        value = eval(compile(ast.Expression(tree), "", "eval"), names)
        return "error" if isinstance(value, complex) else float(value)
    except SyntaxError:
        raise
    except Exception:
        return "error"


class Drawn:
    """Expressions drawn from the grammar; powers stay small."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def number(self):
        r = self.random
        return r.choice(["0", "1", "2", "3", "7", "10", "0.5", "1.5", "1e-3",
                         "2.25", "100", "epoch", "epoch", "epoch", "True"])

    def expression(self, depth):
        r = self.random
        if depth == 0:
            return self.number()
        sub = lambda: self.expression(depth - 1 - r.randrange(2) * (depth > 1))
        kind = r.randrange(12)
        if kind < 4:
            return f"{sub()} {r.choice(['+', '-', '*', '/', '//', '%'])} {sub()}"
        if kind == 4:
            return f"({sub()}) ** {r.choice(['2', '3', '-1', '0.5', '-2'])}"
        if kind == 5:
            return f"({sub()})"
        if kind == 6:
            return f"{r.choice(['-', '+', '- -'])}({sub()})"
        if kind == 7:
            return f"({sub()} if {sub()} else {sub()})"
        if kind == 8:
            op = r.choice(["<", "<=", ">", ">=", "==", "!=", "and", "or"])
            return f"({sub()} {op} {sub()})"
        if kind == 9:
            return f"{r.choice(['min', 'max'])}({sub()}, {sub()})"
        if kind == 10:
            name = r.choice(["abs", "round", "int", "float", "floor",
                             "math.ceil", "math.sqrt", "log", "math.cos",
                             "sin", "math.exp", "math.tanh"])
            return f"{name}({sub()})"
        return f"(not {sub()})"


def show(value):
    return "-" if value is None else value if value == "error" else repr(value)


def main():
    drawn = Drawn(20111)
    rows = list(WRITTEN) + list(LARGE)
    while len(rows) < 420:
        text = drawn.expression(drawn.random.randrange(1, 5))
        if text not in rows and len(text) < 200:
            rows.append(text)
    print("// Written by expression_golden.py; do not edit.")
    print("// {expression, values at epochs " + " ".join(map(str, EPOCHS)) + "}")
    for text in rows:
        try:
            values = " ".join(show(value_at(text, e)) for e in EPOCHS)
        except SyntaxError as error:
            raise SystemExit(f"{text!r}: {error}")
        print('{"%s", "%s"},' % (text.replace("\\", "\\\\"), values))


main()
