# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Schedules to compare: written by hand, and generated from a seed.

A case is a schedule's text and options for one model. `difference` names the
row of fts_schedule_test's table that the case stands for; a case without it
must come out the same on both sides.
"""

import dataclasses
import random
import re


@dataclasses.dataclass
class Case:
    name: str
    model: str
    text: str
    options: dict = dataclasses.field(default_factory=dict)
    difference: str = None


# In the texts, A, B and C in angle brackets are the last, first and middle
# parameter of the model, quoted. Columns: name, text, options, difference.
PLAIN = "0: {params: [<A>]}\n1: {params: [<B>]}\n2: {params: [<C>]}\n"
EPOCHS = ("0: {params: [<A>], max_transition_epoch: %s}\n"
          "1: {params: [<B>], max_transition_epoch: %s}\n"
          "2: {params: [<C>], max_transition_epoch: %s}\n")
ONE_LR = "0: {params: [<A>]}\n1: {params: [<B>], lr: %s}\n"
ONE_EPOCH = ("0: {params: [<A>]}\n1: {params: [<B>], max_transition_epoch: %s}"
             "\n2: {params: [<C>]}\n")
KEYS = "%s: {params: [<A>]}\n%s: {params: [<B>]}\n"
OPTIM = "0: {params: [<A>]}\n1: {params: [<B>], new_optimizer: %s}\n"
SCHED = "0: {params: [<A>]}\n1: {params: [<B>], new_lr_scheduler: %s}\n"
_SGD = "{optimizer_init: {class_path: torch.optim.SGD, init_args: {lr: 0.1}}}"
_STEP = ("lr_scheduler_init: {class_path: torch.optim.lr_scheduler.StepLR, "
         "init_args: {step_size: 1}}")


def _lr(text, difference=None):
    return ("lr " + text, ONE_LR % text, {}, difference)


def _epoch(text, difference=None):
    return ("epoch " + text, ONE_EPOCH % text, {}, difference)


def _keys(first, second, difference=None):
    return ("keys %s %s" % (first, second), KEYS % (first, second), {},
            difference)


HAND = [
    ("plain", PLAIN, {}, None),
    ("block style", "0:\n  params:\n  - <A>\n1:\n  params:\n  - <B>\n  - <C>\n"
     "  lr: 1.0e-06\n", {}, None),
    ("phases out of order", "1: {params: [<A>]}\n0: {params: [<B>]}\n", {},
     None),
    ("one phase", "0: {params: [<A>]}\n", {}, None),
    ("everything", "0: {params: ['.*']}\n", {}, None),
    ("search, not match", "0: {params: ['ull']}\n", {}, None),
    ("unmatched", "0: {params: [<A>]}\n1: {params: ['nope.*']}\n", {}, None),
    ("twice in a phase", "0: {params: [<A>, <A>]}\n", {}, None),
    ("in two phases", "0: {params: [<A>]}\n1: {params: [<A>, <B>]}\n", {},
     None),
    ("everything twice", "0: {params: [<A>]}\n1: {params: ['.*']}\n", {}, None),
    ("all but the last", "0: {params: [<A>]}\n1: {params: ['(?!<a>$).*']}\n",
     {}, None),
    # Lists.
    ("no params", "0: {params: [<A>]}\n1: {lr: 0.1}\n", {}, None),
    ("empty params", "0: {params: []}\n1: {params: [<B>]}\n", {}, None),
    ("null params", "0: {params: [<A>]}\n1: {params: null}\n", {}, None),
    ("params without value", "0: {params: }\n1: {params: [<B>]}\n", {}, None),
    ("string params", "0: {params: <A>}\n1: {params: [<B>]}\n", {}, None),
    ("number params", "0: {params: 3}\n", {}, None),
    ("mapping params", "0: {params: {<A>: 1}}\n", {}, "mapping as a list"),
    ("nested list", "0: {params: [[<A>]]}\n", {}, None),
    ("null entry", "0: {params: [null]}\n", {}, None),
    ("list entry of a mapping", "0: {params: [a: b]}\n", {}, None),
    ("empty entry", "0: {params: ['']}\n", {}, "empty entry"),
    ("null phase", "0: {params: [<A>]}\n1:\n", {}, None),
    ("list phase", "0: [<A>]\n", {}, None),
    ("string phase", "0: <A>\n", {}, None),
    ("number phase", "0: 3\n", {}, None),
    # The file.
    ("empty file", "", {}, None),
    ("comment only", "# nothing\n", {}, None),
    ("empty mapping", "{}\n", {}, None),
    ("list", "- params: [<A>]\n", {}, None),
    ("string", "hello\n", {}, None),
    ("two documents", "0: {params: [<A>]}\n---\n1: {params: [<B>]}\n", {},
     None),
    ("document marks", "---\n0: {params: [<A>]}\n...\n", {}, None),
    ("byte order mark", "\ufeff0: {params: [<A>]}\n", {}, None),
    ("CRLF", "0: {params: [<A>]}\r\n1:\r\n  params:\r\n  - <B>\r\n", {}, None),
    ("duplicate phase", "0: {params: [<A>]}\n0: {params: [<B>]}\n", {}, None),
    ("duplicate key", "0: {params: [<A>], params: [<B>]}\n", {}, None),
    ("duplicate unknown key", "0: {params: [<A>], x: 1, x: 2}\n", {}, None),
    ("merge key", "0: &a {params: [<A>]}\n1: {<<: *a, params: [<B>]}\n", {},
     None),
    ("anchor on a list", "0: {params: [<A>], x: &l 0.5}\n"
     "1: {params: [<B>], lr: *l}\n", {}, None),
    ("alias of a list", "0: {params: &a [<A>]}\n1: {params: *a}\n", {}, None),
    ("unknown alias", "0: {params: *a}\n", {}, None),
    ("unclosed", "0: {params: [<A>\n", {}, None),
    ("tab indent", "0:\n\tparams: [<A>]\n", {}, None),
    ("string tag", "0: {params: [!!str <A>]}\n1: {params: [<B>]}\n", {}, None),
    ("python tag", "0: {params: !!python/tuple [<A>]}\n", {}, None),
    ("own tag", "0: {params: !mine [<A>]}\n", {}, None),
    ("bare colon", "0: params: [<A>]\n", {}, None),
    # Phase keys.
    _keys("'0'", "'1'"), _keys("0", "1.1"), _keys("0", "1.9"), _keys("00", "1"),
    _keys("0x0", "0b1"), _keys("0", "'1_0'"), _keys("' 0 '", "'+1'"),
    _keys("0", "b"), _keys("0", "1e0"), _keys("0", "''"), _keys("0", "null"),
    _keys("0", "[1]"), _keys("0", "2"), _keys("1", "2"), _keys("5", "3"),
    _keys("'0'", "2"), _keys("-1", "1"), _keys("0", "-1"),
    _keys("0", "true", "true as a phase key"),
    _keys("false", "1", "true as a phase key"), _keys("0", ".nan"),
    _keys("0", ".inf"), _keys("0", "2020-01-01"), _keys("0", "1_0"),
    _keys("0", "99999999999999999999"),
    ("keys that pass by chance", "-1: {params: [<A>]}\n0: {params: [<B>]}\n"
     "2: {params: [<C>]}\n", {}, "phase keys that pass by chance"),
    ("colliding keys", "0: {params: [<A>]}\n1: {params: [<B>]}\n"
     "1.5: {params: [<C>]}\n", {}, "colliding phase keys"),
    ("colliding string key", "0: {params: [<A>]}\n1: {params: [<B>]}\n"
     "'1': {params: [<C>]}\n", {}, "colliding phase keys"),
    # Rates.
    _lr("1e-06"), _lr("1.0e-6"), _lr("'1e-06'"), _lr("0.001"), _lr("1"),
    _lr(".5"), _lr("0"), _lr("' 1e-3 '"), _lr("0x10"), _lr("010"),
    _lr("1_000.5"), _lr("1:30"), _lr("1:30.5"), _lr("+1e-3"), _lr("1e-3_0"),
    _lr("5."), _lr("1.e-3"), _lr("-0.0"), _lr("!!float 1"), _lr("abc"),
    _lr("1e-"), _lr("''"), _lr("1.2.3"), _lr("[1]"), _lr("{}"), _lr("null"),
    _lr("2020-01-01"), _lr("1,5"), _lr("0.1 0.2"), _lr("'0x10'"),
    _lr("'1_0e-6'"), _lr("-0.1", "impossible lr"),
    _lr("-1", "impossible lr"), _lr(".inf", "impossible lr"),
    _lr(".nan", "impossible lr"), _lr("'inf'", "impossible lr"),
    _lr("true", "true as a number"),
    ("lr in phase 0", "0: {params: [<A>], lr: 0.1}\n", {}, None),
    ("text lr in phase 0", "0: {params: [<A>], lr: abc}\n", {}, None),
    ("zero lr in phase 0", "0: {params: [<A>], lr: 0}\n", {}, None),
    ("null lr in phase 0", "0: {params: [<A>], lr: null}\n", {},
     "null where FTS does not look"),
    ("base_max_lr", PLAIN, {"base_max_lr": 0.25}, None),
    ("no base_max_lr", PLAIN, {"base_max_lr": None}, None),
    ("unneeded base_max_lr", ONE_LR % "0.5", {"base_max_lr": None}, None),
    # Epochs.
    _epoch("3"), _epoch("0"), _epoch("-1"), _epoch("-7"), _epoch("2.0"),
    _epoch("1_0"), _epoch("010"), _epoch("0x1f"), _epoch("'2'"), _epoch("two"),
    _epoch("null"), _epoch("[1]"), _epoch("0o10"),
    _epoch("2.5", "fractional epoch"), _epoch(".inf", "fractional epoch"),
    _epoch("true", "true as a number"),
    ("epochs", EPOCHS % (1, 2, 3), {}, None),
    ("falling epochs", EPOCHS % (5, 3, 2), {}, None),
    ("equal epochs", EPOCHS % (1, 1, -1), {}, None),
    ("last epoch is more", EPOCHS % (1, 2, 300), {}, None),
    ("an earlier epoch is more", EPOCHS % (1, 400, 300), {}, None),
    ("phase 0's epoch is more", EPOCHS % (900, 4, 300), {}, None),
    ("only phase 0's epoch", "0: {params: [<A>], max_transition_epoch: 900}\n",
     {}, None),
    ("no max_epochs", EPOCHS % (1, 2, -1), {"max_epochs": None}, None),
    ("last epoch, no max_epochs", EPOCHS % (1, 2, 3), {"max_epochs": None},
     "last epoch without max_epochs"),
    ("text epoch in phase 0", "0: {params: [<A>], max_transition_epoch: '2'}\n"
     "1: {params: [<B>]}\n", {}, "epoch that fails at the first transition"),
    ("null epoch in phase 0", "0: {params: [<A>], max_transition_epoch: null}\n"
     "1: {params: [<B>]}\n", {}, "epoch that fails at the first transition"),
    ("epochs only", EPOCHS % (1, 2, 3), {"epoch_transitions_only": True}, None),
    ("epochs only, last lacks", EPOCHS % (1, 2, -1),
     {"epoch_transitions_only": True}, None),
    ("epochs only, all lack", PLAIN, {"epoch_transitions_only": True}, None),
    ("epochs only, null", EPOCHS % ("null", 1, 2),
     {"epoch_transitions_only": True}, None),
    # Depth.
    ("depth 0", PLAIN, {"max_depth": 0}, None),
    ("depth 1", PLAIN, {"max_depth": 1}, None),
    ("depth 999", PLAIN, {"max_depth": 999}, None),
    ("depth -2", PLAIN, {"max_depth": -2}, "depth below -1"),
    ("a bad phase beyond the depth",
     "0: {params: [<A>]}\n1: {params: [nope]}\n", {"max_depth": 0}, None),
    # Other keys.
    ("unknown key", "0: {params: [<A>], colour: red}\n", {}, None),
    ("misspelt key", "0: {parms: [<A>]}\n1: {params: [<B>]}\n", {}, None),
    ("number as a key", "0: {params: [<A>], 3: 4}\n", {}, None),
    ("new optimizer", OPTIM % _SGD, {}, None),
    ("new optimizer in phase 0",
     "0: {params: [<A>], new_optimizer: %s}\n" % _SGD, {}, None),
    ("new scheduler in phase 0",
     "0: {params: [<A>], new_lr_scheduler: {%s}}\n" % _STEP, {}, None),
    ("empty new optimizer", OPTIM % "{}", {}, None),
    ("null new optimizer", OPTIM % "null", {}, None),
    ("new optimizer without init", OPTIM % "{init: 1}", {}, None),
    ("new optimizer without class", OPTIM % "{optimizer_init: {init_args: {}}}",
     {}, None),
    ("new optimizer of a class that nobody has", OPTIM % (
        "{optimizer_init: {class_path: torch.optim.SGDD}}"), {}, None),
    ("new optimizer with an unknown argument", OPTIM % (
        "{optimizer_init: {class_path: torch.optim.SGD, "
        "init_args: {lr: 0.1, momentumm: 0.9}}}"), {}, "arguments of a class"),
    ("new optimizer with an impossible argument", OPTIM % (
        "{optimizer_init: {class_path: torch.optim.SGD, "
        "init_args: {lr: -0.1}}}"), {}, "arguments of a class"),
    ("new optimizer of text", OPTIM % "SGD", {}, None),
    ("new scheduler", SCHED % ("{%s}" % _STEP), {}, None),
    ("new scheduler with all", SCHED % (
        "{%s, pl_lrs_cfg: {interval: epoch, frequency: 1, name: x}, "
        "init_pg_lrs: [1.0e-6], use_current_optimizer_pg_lrs: true}" % _STEP),
     {}, None),
    ("new scheduler's interval",
     SCHED % ("{%s, pl_lrs_cfg: {interval: week}}" % _STEP), {}, None),
    ("new scheduler's group rates", SCHED % ("{%s, init_pg_lrs: [a]}" % _STEP),
     {}, None),
    ("new scheduler with an unknown argument", SCHED % (
        "{lr_scheduler_init: {class_path: torch.optim.lr_scheduler.StepLR, "
        "init_args: {step_size: 1, gama: 0.1}}}"), {}, "arguments of a class"),
    ("new scheduler without its argument", SCHED % (
        "{lr_scheduler_init: {class_path: torch.optim.lr_scheduler.StepLR, "
        "init_args: {}}}"), {}, "arguments of a class"),
    ("new scheduler that FTS lists not", SCHED % (
        "{lr_scheduler_init: {class_path: torch.optim.SGD, init_args: {}}}"),
     {}, None),
    ("new scheduler that nobody has", SCHED % (
        "{lr_scheduler_init: {class_path: torch.optim.lr_scheduler.StpLR, "
        "init_args: {step_size: 1}}}"), {}, None),
]

# Texts for one model only.
OWN = {
    "linears": [
        ("case 1", "0: {params: [model.3]}\n1: {params: [model.2.*]}\n", None),
        ("case 3", "0: {params: [3.weight]}\n", None),
        ("case 5", "0: {params: [model.3.*, model.3.bias]}\n", None),
        ("case 6", "0: {params: [model.3.*]}\n1: {params: [model.*]}\n", None),
        ("bare string of one wild card", "0: {params: .}\n",
         "text as a list of characters"),
    ],
    "numbered": [
        ("prefix", "0: {params: [layers.1]}\n1: {params: [layers.2]}\n", None),
        ("prefix against a longer one",
         "0: {params: [layers.1]}\n1: {params: [layers.12]}\n", None),
        ("escaped", "0: {params: ['layers\\.1\\.']}\n"
         "1: {params: ['layers\\.12\\.']}\n", None),
        ("quantifier", "0: {params: ['layers.{0,11}']}\n", None),
        ("class", "0: {params: ['layers.[0-5]\\..*']}\n"
         "1: {params: ['layers.([6-9]|1[0-2]).*']}\n", None),
        ("alternatives without a group",
         "0: {params: ['layers.3.attn|layers.4.attn']}\n", None),
    ],
    "tied": [
        ("alias", "0: {params: [emb.weight, again.weight]}\n", None),
        ("alias alone", "0: {params: [again.bias]}\n1: {params: ['emb.*']}\n",
         None),
        ("pattern of an alias only", "0: {params: ['again.*']}\n", None),
        ("alias that is a prefix", "0: {params: [dec.weight]}\n", None),
        ("alias that is a prefix, both",
         "0: {params: [dec.weight]}\n1: {params: [dec.weight_scale]}\n", None),
        ("all of the tied module", "0: {params: ['dec.*']}\n"
         "1: {params: ['block.*', 'emb.*']}\n", None),
    ],
    "odd_names": [
        ("name that is no pattern", "0: {params: ['a(b']}\n", None),
        ("name that as a pattern is another", "0: {params: ['w+']}\n"
         "1: {params: [w]}\n", None),
        ("number as an entry", "0: {params: [1]}\n", "number as an entry"),
        ("quoted number as an entry", "0: {params: ['1']}\n", None),
        ("true as an entry", "0: {params: [true]}\n", "number as an entry"),
        ("quoted true", "0: {params: ['True']}\n", None),
        ("wild card for a dot", "0: {params: ['sub.w$']}\n", None),
        ("umlaut", "0: {params: ['über']}\n1: {params: ['\\w+$']}\n", None),
        ("umlaut pattern", "0: {params: ['.ber']}\n", None),
        ("umlaut without case", "0: {params: ['(?i)ÜBER']}\n",
         "pattern that we refuse by name"),
        ("space", "0: {params: ['sub.w\\swith.*']}\n", None),
    ],
    "llama": [
        ("case 21", "0:\n  params:\n  - model.output.weight\n  - model.norm.*\n"
         "  max_transition_epoch: 1\n1:\n  params:\n"
         "  - model.layers.3.(feed_forward|ffn_norm|attention.w.*|"
         "attention_norm).*\n  max_transition_epoch: 2\n2:\n  params:\n"
         "  - model.layers.([0-2]).(feed_forward|ffn_norm|attention.w.*|"
         "attention_norm).*\n  - model.tok_embeddings.weight\n", None),
    ],
}

# Patterns that name no parameter; generated schedules use them as they are.
BAD_ENTRIES = ["(", "[a", "*x", "a{2,1}", "(?P<n>.)(?P=m)", "x\\", "(?<=.*)y",
               "nope.*", "LAYERS.1", "weight", "\\bweight", "a**", "(?z)a"]


def quote(text):
    return "'%s'" % text.replace("'", "''")


def fill(text, names):
    for mark, name in (("<A>", names[-1]), ("<B>", names[0]),
                       ("<C>", names[len(names) // 2])):
        text = text.replace(mark, quote(name))
    return text.replace("<a>", re.escape(names[-1]).replace("'", "''"))


def hand_written(model, names, turn):
    """Those of HAND that come up on turn 0 or 1, and the model's own."""
    for i, (name, text, options, difference) in enumerate(HAND):
        if i % 2 == turn % 2:
            yield Case(name, model, fill(text, names), options, difference)
    for name, text, difference in OWN.get(model, []):
        yield Case(name, model, text, {}, difference)


def _pattern(rng, name):
    """A pattern made from a name; it may well take in others."""
    parts = name.split(".")
    head = ".".join(parts[:rng.randint(1, len(parts))])
    return rng.choice([
        name, name, head, head + ".*", re.escape(head), re.escape(name) + "$",
        re.sub(r"\d+", r"\\d+", head), re.sub(r"\d", "[0-9]", head),
        "(%s)" % head.replace(".", "|"), ".*" + re.escape(parts[-1]) + "$",
        name[:rng.randint(1, len(name))],
        "(?i)" + name.swapcase() if name.isascii() else name,
        r"\w+\.?" + re.escape(parts[-1]), "(?!%s).*" % re.escape(head),
        head + r"(\.\w+)*?", name + "?", "(?:%s)" % re.escape(head)])


def _disjoint(rng, names, count):
    """Patterns of `count` phases that divide some of the names."""
    left = list(names)
    phases = []
    for _ in range(count):
        entries, taken = [], set()
        for _ in range(rng.randint(1, 3)):
            if not left:
                break
            entry = _pattern(rng, rng.choice(left))
            if entry in names:
                hit = {entry}
            else:
                try:
                    hit = {n for n in names if re.match(entry, n)}
                except re.error:  # a name that is no pattern
                    continue
            if hit and hit <= set(left) - taken and len(hit) < len(left):
                entries.append(entry)
                taken |= hit
        left = [n for n in left if n not in taken]
        phases.append(entries)
    return phases


def generated(model, names, seed, count):
    """Half of them divide the names rightly, the others take their chance."""
    rng = random.Random("%s %s" % (model, seed))
    for k in range(count):
        phases = rng.randint(1, 5)
        if k % 2 == 0:
            lists = _disjoint(rng, names, phases)
        else:
            pool = [_pattern(rng, rng.choice(names)) for _ in range(9)]
            if rng.random() < 0.4:
                pool.append(rng.choice(BAD_ENTRIES))
            lists = [rng.sample(pool, rng.randint(1, 2)) for _ in range(phases)]
        options = {}
        if rng.random() < 0.3:
            options["max_depth"] = rng.choice([-1, 0, 1, 2, 7])
        if rng.random() < 0.3:
            options["base_max_lr"] = rng.choice([1e-3, 0.5, 1e-7])
        if rng.random() < 0.3:
            options["epoch_transitions_only"] = True
        options["max_epochs"] = rng.choice([3, 10, 50])
        lines = []
        order = list(range(phases))
        if rng.random() < 0.2:
            rng.shuffle(order)
        for i in order:
            lines.append("%s:" % (rng.choice(["%d", "'%d'", "%d.0"]) % i
                                  if rng.random() < 0.2 else i))
            lines.append("  params: [%s]" % ", ".join(map(quote, lists[i])))
            if rng.random() < (0.97 if "epoch_transitions_only" in options
                               else 0.4):
                lines.append("  max_transition_epoch: %d" % rng.choice(
                    [i, i + 1, 2 * i + 1, rng.randint(-1, 20)]))
            if rng.random() < 0.4:
                lines.append("  lr: %s" % rng.choice(
                    ["1e-06", "0.01", "1.5e-3", "'2e-4'", "1", "3e-05"]))
            if rng.random() < 0.1:
                lines.append("  note: [1, 2]")
        yield Case("generated %d" % k, model, "\n".join(lines) + "\n", options)
