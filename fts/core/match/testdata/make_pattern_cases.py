# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Writes pattern_cases.jsonl: what Python's own `re` says.

    python3.11 make_pattern_cases.py > pattern_cases.jsonl

First line: {"names": [...]}. Then one pattern a line: {"p", "e"} with the
error text, or {"p", "m", "f"} with the indices of the names that re.match and
re.fullmatch accept. Patterns are written by hand, one for each difference of
the dialects among them, then mutated and composed with a fixed seed. Left out:
what the translator refuses by name, and patterns whose result would depend on
a bug or take long.
"""

import json
import random
import re
import signal
import sys
import warnings

NAMES = [
    "", "a", "b", "ab", "aab", "aaab", "abc", "abab", "aa", "A", "aB", "ba",
    "a\n", "\n", "a\nb", "\na", "b\n\n", "a b", " a", "a\tb", "_", "-", "a-b",
    "]", "[", "a]", "{", "a{", "a{,3}", "a{}", "a{1", "}", "\\", "a\\", "#",
    "a#b", "0", "1", "10", "a1", "\x00", "\x07", "\x08", "\x1c", "\x7f",
    "\x85", "\xa0", "\u180e", "\u2003", "\ufeff", "\u00e9", "\u00c9",
    "\u4e2d", "\u0661", "\u00b2", "\u2167", "\u0301", "a\u0301",
    "\U0001d7d8", "\U0001f600",
    "\u212a", "\u017f", "\u0130", "\u0131", "k", "K", "s", "S", "i", "I",
    "model", "model.1", "model.1.w", "model.10.w", "model.2.w", "model_1_w",
    "modelX1.w", "model.1.wq", "0.weight", "model.0.weight", "model.0.bias",
    "model.norm.weight", "model.output.weight", "model.tok_embeddings.weight",
    "model.layers.0.attention.wq.weight", "model.layers.1.attention.wo.weight",
    "model.layers.1.attention_norm.weight", "model.layers.3.ffn_norm.weight",
    "model.layers.3.feed_forward.w1.weight",
    "model.layers.11.feed_forward.w2.weight", "model.layers.30",
    "lm_head.weight", "encoder.layer.0.LayerNorm.bias", "a.a", "a.b.a.b",
    "x=1", "a(b)", "(", ")", "a|b", "a.b", "aXb", "^", "$", "a$", "*", "a*",
    "aaaa", "aaaaa", "abba", "aabb", "bb", "c", "ac", "acb", "1a", "a1a",
]

HAND = r"""
model.3|model.1|model.1$|model.1.w|model\.1\.w|.*|.+|a*|a+|a?|a{2}|a{2,}|
a{,2}|a{2,3}|a{,}|a{}|a{|a{1|a{1,|a{,3}b|a{1,2}{2}|a{x}|{|{}|{a|{1}|{,}|
{1,2}|}|a}|]|a]|[]]|[^]]|[]|[^]|[a|[a-|[a-]|[-a]|[a-b-c]|[b-a]|[a-\d]|
[\d-a]|[\w-]|[\d]|[\D]|[\s]|[\S]|[\w]|[\W]|[^\d]|[^\s]|[^\w]|[^\S]|[\s\S]|
[[:alpha:]]|[[:alpha:]|[[a]|[a[]|[a&&b]|[a--b]|[a||b]|[a~~b]|[\]]|[\\]|[\b]|
[\a]|[\A]|[\Z]|[\B]|[\8]|[\1]|[\01]|[\012]|[\377]|[\400]|[\x41]|[\x4]|[\u0041]|
[\u004]|[\U00000041]|[\U00110000]|[\g]|[\N]|[a\nb]|[^a]|[^\n]|[^^]|[a^]|[.]|
[*]|[\x41-\x5a]|[\x5a-\x41]|[+--]|[%--]|[a-a]|[\0-\x1f]|
\d|\D|\s|\S|\w|\W|\A|\Z|\b|\B|\a|\f|\n|\r|\t|\v|\\|\.|\*|\-|\_|\ |\#|\~|\/|
\q|\h|\H|\R|\K|\X|\G|\z|\C|\Q|\E|\Qa\E|\e|\c|\ca|\g|\g1|\g{1}|\k|\k<a>|\l|\L|
\p|\p{L}|\P{L}|\o{1}|\x|\x4|\x41|\x{41}|\u|\u004|\u0041|\u00e9|\U00000041|
\U0001f600|\U0011ffff|\0|\00|\000|\0001|\1|\10|\100|\101|\8|\9|\18|\81|\377|
\400|\777|(a)\1|(a)\2|(a)\10|(a)\11|(a\1)|(\1a)|(a)(b)\2|(a)|(b)?\1|
(a)?b\1|(?:(a)|b)*\1|(a|b)\1|(a*)\1|(ab)\1|(?P<x>a)(?P=x)|(?P<x>a)\1|
(?P=x)|(?P=x|(?P<x>a|(?P<x|(?P<>a)|(?P<1>a)|(?P<x y>a)|(?P<x>a)(?P<x>b)|
(?P<x>a)(?P<y>b)(?P=y)|(?P>x)|(?P|(?P)|(?Px)|(?<x>a)|(?'x'a)|(?<|(?<a|(?|
(?)|(?a|(?z)|(?P<_a1>a)|(?P=)|(?P<x>(?P=x))|
^|$|^a|a$|^$|^*|$*|\b*|\A*|^+|\Z?|a^|$a|a$b|^^a|a$$|(^)*|(?:^)*a|(?:$)?|
a**|a*+|a*?|a*??|a++|a+?|a+*|a??|a?+|a?*|a{2}+|a{2}?|a{2}*|a{1,2}+|a*+a|
a++b|a?+a|a?+ab|(?:ab)*+|(?:ab)++ab|a{1,2}+a|a{0}|a{0}b|(a){0}b|(a){0}\1|
a{3,2}|a{99999999999}|a{4294967295}|*|+|?|*a|(*)|(+a)|(?:*)|a|b|a|*|
(|)|()|()*|(?:)|(?:)*|(?:)+a|(a|(a))|((a)|(?:a|a)|(a))(|
(?=a)|(?=a)*|(?=a)a|(?!a)|(?!a).|(?!)|(?!)*a|(?=)|(?=)a|a(?=b)|a(?!b)|
(?=.*b)a|(?<=a)b|a(?<=a)b|a(?<!a)b|.(?<=a)b|(?<!a)|(?<!a)b|(?<=a*)b|
(?<=a|b)b|(?<=a|bc)b|a(?<=(?:a|b))b|(?<=a{2})b|(?<=a{1,2})b|aa(?<=a{2})b|
(?<=(a)\1)b|(a)(?<=\1)b|(a)(?<=(b)\1)|(?<=(?P<x>a)(?P=x))|(?<=^)a|(?<=\b)a|
(?<=)a|a(?<=)|(?<!)|.+(?<=b)$|.*(?<!b)$|(?<=(?=a))a|(?<=(?<=a))b|
(?>a)|(?>a*)a|(?>a*)b|(?>a|ab)c|(?>ab|a)c|(?>)|(?>a|a(?>a+)b|
(?#c)a|a(?#c)*|a(?#c|(?#|(?#\))a|(?#c)*|(?#a)(?i)A|
(?i)a|(?i)A|(?i)AB|(?i)[a-z]|(?i)[A-Z]|(?i)[^a]|(?i)k|(?i)s|(?i)i|(?i)[h-j]|
(?i)[^k]|(?i)[Z-a]|(?i)\x41|(?i)(a)\1|(?i)\w|(?i)[_]|(?i)MODEL|(?i)model|
(?ai)k|(?ai)[a-z]|(?ia)i|(?ai)[^s]|(?i:a)b|(?i:A)B|a(?i:B)|(?i:a|b)|
(?-i:a)|(?i)a(?-i:B)|(?i)(?-i:a)|(?i:(?-i:a))|a(?i)b|a|(?i)b|((?i)a)|
(?i)(?m)a|(?im)^a|(?mi)a|(?i-m:a)|(?i-i:a)|(?-:a)|(?i-:a)|(?-i)a|(?i-m)a|
(?ii)a|(?i|(?i-|(?i-m|(?iz)a|(?i1)a|(?i-z:a)|(?i-1:a)|(?ix:a b)|(?L)a|
(?L:a)|(?u)a|(?a)\w|(?a)\W|(?a)\d|(?a)\D|(?a)\s|(?a)\S|(?a)\b|(?a)\B|
(?a)[\w]|(?a)[\W]|(?a)[^\w]|(?a)[\s]|(?a)[\S]|(?a)[^\D]|(?a)a\b|(?a).\B|
(?a:\w)|(?u:\w)|(?a)(?u:\w)|(?a:(?u:\w))|(?au)a|(?a)(?u)a|(?a-u:a)|(?-a:a)|
(?u)\w|(?u-i:\w)|.\b|.\B|a\b|a\B|\ba|\Ba|\bmodel\b|
(?m)^|(?m)$|(?m)^b|a\n^b|(?m)a\n^b|(?m)a$|(?m)a$\nb|(?m:^)a|(?m:a$)|
b\n\n(?m:^)|(?m:b\n\n^)|(?m)b$\n$\n|a\Z|a\n\Z|a$\n|(?s).|(?s).+|(?s:.)b|
(?s-m:.)|.|..|(?-s:.)|(?s)a.b|a.b|(?s)\n.*|
(?x)a b|(?x) a # c|(?x)a\ b|(?x)[ a]|(?x)a *|(?x)a * ?|(?x)a{1, 2}|(?x)#|
(?x: a )b|(?x: a )\ b|(?x)(?-x: a)|(?x) (?i)A|a(?x: # )|(?x)( ?:a)|(?x)a#)b|
(?x)(?# c )a|(?x)\#|(?x)a # )|(?x)a | b|(?x:a b)(?-x: a)|
(a)(?(1)b|c)|(a)?(?(1)b|c)|(a)?(?(1)b)|(?(1)a|b)|(?(1)a)(b)|(?(0)a)|(?(x)a)|
(?P<x>a)?(?(x)b|c)|(a)(?(1)a|b|c)|(?(|(?(1|(?()a)|(?(1a)b)|(a)(?(1)|
(a)?(?(1)|c)|(a)?(?(1)b|)|(a)?(?(2)b)|(?(-1)a)|((?(1)a|b))|(a)(?<=(?(1)b))|
(?(R)a)|(?(DEFINE)a)|(?R)|(?1)|(?+1)|(?-1)|(?&x)|(?P>x)|(?C)|(?C1)|(?|a)|
(?|a|b)|(*FAIL)|(*ACCEPT)|(*UTF)a|(*MARK:a)|(?*a)|(?~a)|(?^a)|(?^:a)|(?J)a|
(?U)a|(?n)a|(?b)a|(?xx)a|
(a+)+b|(a|a)*b|(a*)*b|(a?)*b|(?:a?)*?b|(|a)+b|(?:|a)+b|(a|)+b|(?:a|b)*c|
(?:a{0,2}){2}b|(?:a??)*b|(?:a+?)+?b|((a)|b)+|(?:(a)|(b))+\2|(a(b)?)+\2|
(?:a|ab)(?:c|bcd)|(a|ab)(c|bcd)|a.*b.*a|(?:(?:(?:a)))|((((a)))\4)|((((a)))\3)|
model.layers.[0-2].(feed_forward|ffn_norm|attention.w.*|attention_norm).*|
model.layers.3.(feed_forward|ffn_norm|attention.w.*|attention_norm).*|
model.norm.*|model.output.weight|model.layers.\d*$|^.*model.laye.*s$|
^.*model.layers.1$|model.layers.[1]|model\.layers\.(?!3)\d+|.*\.weight$|
.*(bias|LayerNorm).*|(?:.*\.)?weight|.*\.(\d+)\.|model.layers.{0,11}|
model.(layers|norm|output).*|(?i).*layernorm.*|[^.]+\.[^.]+$|\w+(\.\w+)*$|
\w+(?:\.\w+)*\Z|(?P<blk>model\.\d+)\.w|.*[0-9]|nope.*|model.3.*|0.weight|
\u4e2d|\u00e9|[\u00e0-\u00ff]|[^\u0000-\u007f]|\u2167|[\u2160-\u2188]
""".replace("\n", "")


def split_hand(text):
  """The table above is joined by '|', which also occurs in patterns."""
  # A '|' inside a group or a set belongs to the pattern; at the top level it
  # separates. Patterns with a top-level '|' are listed below instead.
  out, depth, in_set, current, i = [], 0, False, "", 0
  while i < len(text):
    c = text[i]
    if c == "\\" and i + 1 < len(text):
      current += text[i:i + 2]
      i += 2
      continue
    if c == "|" and not in_set and depth == 0:
      out.append(current)
      current = ""
    else:
      if c == "[" and not in_set:
        in_set = True
      elif c == "]" and in_set:
        in_set = False
      elif not in_set:
        depth += (c == "(") - (c == ")")
        depth = max(depth, 0)
      current += c
    i += 1
  out.append(current)
  return out


def split_flat(text):
  """The table cut at every '|' that is not escaped.

  An unbalanced pattern, such as "(?P=x", hides the separators behind it from
  split_hand; here each stands alone, beside the pieces of the balanced ones.
  """
  out, current, i = [], "", 0
  while i < len(text):
    step = 2 if text[i] == "\\" and i + 1 < len(text) else 1
    if text[i] == "|":
      out.append(current)
      current = ""
    else:
      current += text[i:i + step]
    i += step
  out.append(current)
  return out


# What PCRE2 reads differently, takes though Python refuses it, or refuses
# though Python takes it: one by one, whatever the table above holds.
DIALECT = [
    "{,3}", "a{,3}", "a{,3}$", "(?:ab){,1}b", "a{,}", "a\\Z", "\\Z", "b\\n\\Z",
    "(?m)a\\Z", "a$", "(?m)a$", "[[:alpha:]]", "[[:alpha:]]+", "[[:^alpha:]]",
    "[[:<:]]a", "[a[:digit:]]", "(?<n>a)", "(?'n'a)", "(?P<n>a)(?P=n)",
    "(?<n>a)\\k<n>", "\\Qa.b\\E", "\\Qa", "a\\E", "\\h", "a\\hb", "\\H", "\\K",
    "a\\Kb", "\\R", "a\\R", "\\X", "\\z", "a\\z", "\\G", "\\C", "\\N", "\\e",
    "\\ca", "\\o{101}", "\\x{61}", "\\pL", "\\p{Lu}", "a(?i)b", "(?:a(?i)b)",
    "(?a)a", "(?a)\\w", "(?a)\\d", "(?a:\\w)\\w", "(?u)\\w", "\\u0061",
    "\\u00e9", "[\\u0061-\\u0063]", "\\U00000061", "(?R)", "(?1)", "(a)(?1)",
    "(?P>n)", "(?&n)", "(?|(a)|(b))", "(*FAIL)", "(*ACCEPT)a", "(?C1)a",
    "(?^)a", "(?xx)a b", "(?n)(a)", "(?J)a", "(?U)a+", "(?s)a.b", "(?-s).",
    "\\d", "\\s", "\\w+", "\\b\\w+\\b", "\\ba", "\\Ba", "(?i)k", "(?i)s",
    "(?i)i", "[\\w-]", "[a-\\d]", "[]a]", "[^]a]", "[a&&b]", "(?<=a|bc)c",
    "(?<=a{1,2})b", "(?<=ab)b", "(?<=a+)b", "a*+a", "a++b", "a?+a", "(?>a*)b",
    "(?>a|ab)c", "a**", "a+*", "a{2}{3}", "(a)?(?(1)b|c)", "(?(2)a|b)",
    "(?P<n>a)?(?(n)b|c)", "\\1", "(a)\\1", "(a\\1)", "\\01", "\\08", "\\101",
    "\\400", "[\\101]", "\\g1", "\\g{1}", "(a)\\g{-1}", "\\8", "a{65535}",
    "a{3,2}", "x{", "x{}", "x{1", "x{a}", "(?x)a b # c", "(?x)a#)", "(?#c)a",
    "(?# a\\)b)", "(?P<1>a)", "(?P<>a)", "(?P<n>a)(?P<n>b)", "(?P=n)", "(?:a",
    "a)", "[a", "[b-a]", "\\", "*a", "(?)",
]

MORE = [
    "a|b", "a|", "|a", "|", "a||b", "ab|a", "a|ab", "(a", "(", ")", "a)",
    "((a)", "[a", "[", "[^", "(?", "(?P", "(?P<", "(?<", "(?(", "(?(1", "(?i",
    "(?i-", "(?#", "\\", "a\\", "[\\", "(?P<x", "(?:", "(?=", "(?!", "(?>",
    "(?<=", "a(?i)b", "a|(?i)b", "(?x)a|b c", "(?m)^b|a$", "[a-", "[]", "[^]",
    "\u00e9", "\u4e2d+", "[\u00e9-\u00fc]", "(?a)\u00e9", "(?ai)\u00e9",
    "a\nb", "[\n]", "(?x)a#c\nb", "\x00", "\\\u00e9", "(?P<x>a)|(?P=x)",
    "(?:a|b)|c", "a{2}|b", "a*|b*", "^a|b$", "a|b|c|ab", "(?i)a|B",
    "(?s).|b", "(?|a)", "(a)|\\1", "(a)|b\\1", "(?:a(b)|c)\\1?",
    "[[:alpha:]]+", "[[:word:]]", "[[.a.]]", "[[=a=]]", "[a-c", "[^-a]",
    "(" * 50 + "a" + ")" * 50, "(?:" * 60 + "a" + ")" * 60,
    "(" * 12 + "a" + ")" * 12 + "\\12", "(a)" * 11 + "\\11",
    "(a)" * 9 + "\\10", "x*" * 30, "a?" * 20 + "a" * 3,
]

TOKENS = [
    "a", "b", "c", ".", "\\d", "\\w", "\\s", "\\S", "\\W", "[ab]", "[^a]",
    "[a-c]", "\\.", "model", "layers", "\\b", "\\B", "^", "$", "\\A", "\\Z",
    "1", "0", "_", "\\n", "{", "}", "]", "-", "#", " ", "\\x61", "\\u0062",
]
QUANTS = ["", "", "", "", "*", "+", "?", "*?", "+?", "??", "*+", "++", "?+",
          "{2}", "{1,2}", "{,2}", "{1,}", "{1,2}?", "{,2}+"]
FLAG_HEADS = ["", "", "", "(?i)", "(?s)", "(?m)", "(?x)", "(?a)", "(?ai)",
              "(?ms)"]


def compose(rng, depth, groups):
  parts = []
  for _ in range(rng.randint(1, 3)):
    kind = rng.random()
    if depth < 3 and kind < 0.3:
      opening = rng.choice(["(", "(?:", "(?:", "(?=", "(?!", "(?>", "(?i:",
                            "(?-i:", "(?m:", "(?s:", "(?x:", "(?a:", "(?<=",
                            "(?<!"])
      if opening == "(":
        groups[0] += 1
      inner = compose(rng, depth + 1, groups)
      if rng.random() < 0.4:
        inner += "|" + compose(rng, depth + 1, groups)
      atom = opening + inner + ")"
    elif kind < 0.36 and groups[0] > 0:
      atom = "\\%d" % rng.randint(1, groups[0])
    elif kind < 0.4 and groups[0] > 0:
      atom = "(?(%d)a|b)" % rng.randint(1, groups[0])
    else:
      atom = rng.choice(TOKENS)
    parts.append(atom + rng.choice(QUANTS))
  return "".join(parts)


def mutate(rng, pattern):
  chars = list(pattern)
  for _ in range(rng.randint(1, 2)):
    at = rng.randint(0, len(chars))
    action = rng.random()
    if action < 0.4:
      chars.insert(at, rng.choice(r"()[]{}?*+|\^$.-,:=!<>#P12 axXbdwsBZiam"))
    elif action < 0.7 and chars:
      del chars[min(at, len(chars) - 1)]
    elif chars:
      other = rng.randint(0, len(chars) - 1)
      at = min(at, len(chars) - 1)
      chars[at], chars[other] = chars[other], chars[at]
  return "".join(chars)


def refused(pattern):
  """What the translator refuses by name although Python takes it."""
  if "\\N" in pattern or re.search(r"\(\?[a-zA-Z-]*t", pattern):
    return True
  ignore_case = re.search(r"\(\?[a-zA-Z]*i", pattern)
  beyond = any(ord(c) > 127 for c in pattern) or re.search(
      r"\\x[89a-f]|\\[23]\d\d|\\u|\\U", pattern)
  if ignore_case and beyond and "(?ai)" not in pattern:
    return True
  return bool(re.search(r"\(\?\(\s*[+_ ]", pattern))


class Slow(Exception):
  pass


def on_alarm(*_):
  raise Slow()


def ask(pattern):
  try:
    compiled = re.compile(pattern)
  except re.error as error:
    text = str(error)
    return {"p": pattern, "e": re.sub(r" \(line \d+, column \d+\)$", "", text)}
  except (OverflowError, ValueError) as error:
    return {"p": pattern, "e": str(error)}
  return {
      "p": pattern,
      "m": [i for i, n in enumerate(NAMES) if compiled.match(n)],
      "f": [i for i, n in enumerate(NAMES) if compiled.fullmatch(n)],
  }


def main():
  warnings.simplefilter("ignore")
  signal.signal(signal.SIGALRM, on_alarm)
  rng = random.Random(20261124)
  hand = split_hand(HAND) + MORE
  single = split_flat(HAND) + DIALECT
  patterns = list(hand)
  while len(patterns) < len(hand) + 700:
    patterns.append(rng.choice(FLAG_HEADS) + compose(rng, 0, [0]))
  for _ in range(900):
    patterns.append(mutate(rng, rng.choice(hand)))
  patterns += single
  print(json.dumps({"names": NAMES}))
  seen = set()
  for pattern in patterns:
    if pattern in seen or refused(pattern):
      continue
    seen.add(pattern)
    try:
      signal.setitimer(signal.ITIMER_REAL, 0.2)
      row = ask(pattern)
    except Slow:
      print("slow:", pattern, file=sys.stderr)
      continue
    finally:
      signal.setitimer(signal.ITIMER_REAL, 0)
    print(json.dumps(row))


if __name__ == "__main__":
  main()
