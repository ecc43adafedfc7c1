# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Whole runs to compare with finetuning-scheduler, as values for both sides.

Keys are those of our run config; fts_trace_reference.py reads the same. Model A
(four linear layers) throughout. `metrics` is val_loss per epoch, `steps` the
optimizer steps of an epoch. `wanted` are numbers from FTS's own tests:
epoch -> depth or rates. Numbers in the names are those of its cases.
"""

import copy
import random

_LR = "torch.optim.lr_scheduler."


def phases(*bodies):
    """Layer 3 first, then 2, 1, 0; each body adds keys to its phase."""
    return {i: dict({"params": ["model.%d.*" % (3 - i)]}, **body)
            for i, body in enumerate(bodies)}


def scheduler(name, **args):
    """A new_lr_scheduler or reinit_lr_cfg."""
    return {"lr_scheduler_init": {"class_path": _LR + name, "init_args": args}}


def optimizer(name, **args):
    return {"optimizer_init": {"class_path": "torch.optim." + name,
                               "init_args": args}}


# Better until epoch 3; then each phase lasts one epoch with patience 1.
DIVERGING = [4.0, 3.0, 2.0, 1.0] + [9.0] * 8
# Better now and then: transitions at 3 and 7, with bests of two depths.
UP_AND_DOWN = [4.0, 3.0, 3.5, 2.5, 2.0, 1.5, 1.8, 1.9, 1.0, 0.9, 1.2, 1.3]

BASE = {
    "optimizer": {"name": "sgd", "lr": 1e-3},
    "lr_scheduler": {"name": "step_lr", "step_size": 1, "gamma": 0.7},
    "early_stopping": {"patience": 1},
    "scheduler": {},
    "max_epochs": 12,
    "metrics": DIVERGING,
    "steps": 1,
}


def case(**changes):
    """BASE with keys replaced; None takes one out."""
    made = copy.deepcopy(BASE)
    made.update(changes)
    return {k: v for k, v in made.items() if v is not None}


_STEP = scheduler("StepLR", step_size=1, gamma=0.7)
_WARM_UP = "min(1, (epoch + 1) / 100)"

CASES = {
    "22 epochs only": case(
        scheduler={"epoch_transitions_only": True}, max_epochs=6,
        early_stopping=None,
        schedule=phases({"max_transition_epoch": 3},
                        {"max_transition_epoch": 2},
                        {"max_transition_epoch": 2}),
        wanted={0: 0, 1: 0, 2: 0, 3: 1, 4: 2, 5: 2}),
    "23 constant metric": case(
        metrics=[1.0] * 9, max_epochs=6,
        wanted={0: 0, 1: 0, 2: 1, 3: 2, 4: 3}),
    "24 diverging metric": case(
        wanted={0: 0, 4: 0, 5: 1, 6: 2, 7: 3}),
    "25 depth 0": case(scheduler={"max_depth": 0}),
    "25 depth 1": case(scheduler={"max_depth": 1}),
    "25 depth 999": case(scheduler={"max_depth": 999}, wanted={7: 3}),
    "26 rates of phases": case(
        lr_scheduler=None, schedule=phases({}, {"lr": 1e-6}, {}),
        wanted={6: [1e-3, 1e-6, 1e-5]}),
    "27 no_decay": case(
        optimizer={"name": "sgd", "lr": 1e-3, "weight_decay": 1e-2,
                   "no_decay": ["bias"]},
        all_parameters=True, scheduler={"max_depth": 2},
        wanted={5: [1.6807e-4] * 2 + [1e-5] * 2,
                6: [1.17649e-4] * 2 + [7e-6] * 2 + [1e-5] * 2}),
    "28 no lr scheduler": case(
        lr_scheduler=None, optimizer={"name": "sgd", "lr": 0.1},
        wanted={4: [0.1], 5: [0.1, 1e-5], 6: [0.1, 1e-5, 1e-5]}),
    "29 StepLR anew at every phase": case(
        scheduler={"reinit_lr_cfg": _STEP},
        wanted={5: [1e-3, 1e-5], 6: [1e-3, 1e-5, 1e-5]}),
    "30 StepLR anew in phase 2": case(
        schedule=phases({}, {}, dict(
            lr=3e-6, new_lr_scheduler=dict(_STEP, init_pg_lrs=[1e-6, 2e-6]))),
        wanted={6: [1e-6, 2e-6, 3e-6]}),
    "31 Adam at every phase": case(
        scheduler={"reinit_optim_cfg": optimizer("Adam", lr=2.2e-4)},
        metrics=[4.0, 3.0, 2.0] + [9.0] * 9,
        wanted={4: [2.401e-4, 1e-5]}),
    "31 Adam and StepLR at every phase": case(
        scheduler={"reinit_optim_cfg": optimizer("Adam", lr=2.2e-4),
                   "reinit_lr_cfg": scheduler("StepLR", step_size=1,
                                              gamma=0.5)},
        metrics=[4.0, 3.0, 2.0] + [9.0] * 9,
        wanted={4: [2.2e-4, 1e-5]}),
    "32 lambda for new groups": case(
        lr_scheduler={"name": "lambda_lr", "lr_lambda": _WARM_UP,
                      "interval": "step"},
        scheduler={"apply_lambdas_new_pgs": True}, steps=16,
        metrics=[4.0, 3.0] + [9.0] * 9),
    "32 no lambda for new groups": case(
        lr_scheduler={"name": "lambda_lr", "lr_lambda": _WARM_UP,
                      "interval": "step"}, steps=16,
        metrics=[4.0, 3.0] + [9.0] * 9),
    "33 not finite": case(
        metrics=[4.0, 3.0, float("inf"), 1.0, 1.0], wanted={2: 0}),
    "33 not finite, not checked": case(
        early_stopping={"patience": 1, "check_finite": False},
        metrics=[4.0, 3.0, float("inf"), float("inf")] + [9.0] * 6),
    "33 divergence": case(
        early_stopping={"patience": 5, "divergence_threshold": 15.9},
        metrics=[9.0, 4.0, 2.0, 16.0, 1.0, 1.0], wanted={3: 0}),
    "33 threshold": case(
        early_stopping={"patience": 5, "stopping_threshold": 2.9},
        metrics=[9.0, 8.0, 7.0, 6.0, 5.0, 6.0, 4.0, 3.0, 2.0, 1.0, 1.0],
        wanted={8: 0}),
    # Beyond FTS's own cases.
    "best of a later depth": case(metrics=UP_AND_DOWN),
    "best of a later depth, no_decay": case(
        metrics=UP_AND_DOWN, all_parameters=True,
        optimizer={"name": "sgd", "lr": 1e-3, "no_decay": ["bias"]}),
    "nothing restored": case(scheduler={"restore_best": False},
                             metrics=UP_AND_DOWN),
    "min_delta": case(early_stopping={"patience": 1, "min_delta": 0.6},
                      metrics=UP_AND_DOWN),
    "patience 2": case(early_stopping={"patience": 2}, metrics=UP_AND_DOWN),
    "epochs beside early stopping": case(
        schedule=phases({"max_transition_epoch": 2}, {},
                        {"max_transition_epoch": 5}, {}),
        metrics=[9.0 - i for i in range(12)]),
    "two limits passed at once": case(
        schedule=phases({"max_transition_epoch": 4},
                        {"max_transition_epoch": 1}, {}),
        metrics=[9.0 - i for i in range(12)]),
    "last phase's epoch raises max_epochs": case(
        schedule=phases({"max_transition_epoch": 1},
                        {"max_transition_epoch": 6}), max_epochs=3,
        metrics=[9.0 - i for i in range(12)]),
    "a phase without parameters": case(
        schedule={0: {"params": ["model.3.*"]}, 1: {"params": []},
                  2: {"params": ["model.[12].*"], "lr": 1e-4}}),
    "optimizer of everything": case(all_parameters=True),
    "optimizer of everything, left as it is": case(
        # FTS's only group holds what is frozen as well.
        all_parameters=True, scheduler={"enforce_phase0_params": False},
        compared=("depth", "thawed", "optimizer")),
    "adamw": case(optimizer={"name": "adamw", "lr": 1e-3},
                  metrics=UP_AND_DOWN),
    "rate of zero": case(schedule=phases({}, {"lr": 0.0}, {"lr": 1.0})),
    # Every scheduler over the same three transitions.
    "MultiStepLR": case(lr_scheduler={
        "name": "multi_step_lr", "milestones": [2, 6, 6], "gamma": 0.5}),
    "ExponentialLR": case(lr_scheduler={"name": "exponential_lr",
                                        "gamma": 0.9}),
    "ConstantLR": case(lr_scheduler={"name": "constant_lr", "factor": 0.25,
                                     "total_iters": 6}),
    "LinearLR": case(lr_scheduler={"name": "linear_lr", "start_factor": 0.1,
                                   "total_iters": 6}),
    "CosineAnnealingLR": case(lr_scheduler={
        "name": "cosine_annealing_lr", "T_max": 5, "eta_min": 1e-6}),
    "CosineAnnealingWarmRestarts": case(lr_scheduler={
        "name": "cosine_annealing_warm_restarts", "T_0": 2, "T_mult": 2}),
    "MultiplicativeLR": case(lr_scheduler={
        "name": "multiplicative_lr", "lr_lambda": "0.9 if epoch < 6 else 0.5"}),
    "LambdaLR": case(lr_scheduler={"name": "lambda_lr",
                                   "lr_lambda": "0.95 ** epoch"}),
    "LambdaLR for new groups": case(
        lr_scheduler={"name": "lambda_lr", "lr_lambda": "0.95 ** epoch"},
        scheduler={"apply_lambdas_new_pgs": True}, metrics=UP_AND_DOWN),
    "ReduceLROnPlateau": case(lr_scheduler={
        "name": "reduce_lr_on_plateau", "factor": 0.5, "patience": 0,
        "monitor": "val_loss", "min_lr": 1e-5}),
    "steps, every third": case(
        lr_scheduler={"name": "exponential_lr", "gamma": 0.9,
                      "interval": "step", "frequency": 3}, steps=4),
    "every second epoch": case(
        lr_scheduler={"name": "exponential_lr", "gamma": 0.9, "frequency": 2}),
    # New schedulers and optimizers.
    "new scheduler goes on": case(
        schedule=phases({}, {"new_lr_scheduler": scheduler(
            "ExponentialLR", gamma=0.5)}, {}, {"lr": 2e-5}),
        metrics=UP_AND_DOWN),
    "two new schedulers": case(
        schedule=phases({}, {"new_lr_scheduler": scheduler(
            "LinearLR", start_factor=0.5, total_iters=4)},
            {"new_lr_scheduler": scheduler("CosineAnnealingLR", T_max=4)}, {})),
    "new scheduler over present rates": case(
        schedule=phases({}, {"new_lr_scheduler": dict(
            scheduler("StepLR", step_size=2, gamma=0.1),
            use_current_optimizer_pg_lrs=True)}, {}, {})),
    "fewer rates than groups": case(
        schedule=phases({}, {}, {"new_lr_scheduler": dict(
            _STEP, init_pg_lrs=[3e-4])})),
    "more rates than groups": case(
        schedule=phases({}, {"new_lr_scheduler": dict(
            _STEP, init_pg_lrs=[3e-4, 2e-4, 1e-4, 1e-4])}, {})),
    "rates of groups win over present ones": case(
        schedule=phases({}, {"new_lr_scheduler": dict(
            _STEP, init_pg_lrs=[3e-4], use_current_optimizer_pg_lrs=True)},
            {})),
    "rates of groups last": case(
        schedule=phases({}, {"new_lr_scheduler": dict(
            _STEP, init_pg_lrs=[3e-4])}, {"new_lr_scheduler": _STEP}, {})),
    "new scheduler by steps": case(
        steps=3, schedule=phases({}, {"new_lr_scheduler": dict(
            scheduler("ExponentialLR", gamma=0.9),
            pl_lrs_cfg={"interval": "step", "frequency": 2})}, {}, {})),
    "new plateau": case(
        schedule=phases({}, {"new_lr_scheduler": dict(
            scheduler("ReduceLROnPlateau", factor=0.5, patience=0),
            pl_lrs_cfg={"monitor": "val_loss"})}, {}, {})),
    # Groups that the user's optimizer brought have an initial_lr only when a
    # scheduler other than ReduceLROnPlateau gave them one; those that FTS makes
    # itself, as it does here (and all of ours), have one always.
    "plateau replaced": case(
        all_parameters=True,
        lr_scheduler={"name": "reduce_lr_on_plateau", "factor": 0.5,
                      "patience": 0, "monitor": "val_loss"},
        schedule=phases({}, {}, {"new_lr_scheduler": _STEP}, {})),
    "new lambda": case(
        schedule=phases({}, {"new_lr_scheduler": scheduler(
            "LambdaLR", lr_lambda="0.9 ** epoch")}, {}, {})),
    "new optimizer": case(
        scheduler={"restore_best": False},
        schedule=phases({}, {"new_optimizer": optimizer("Adam", lr=5e-4)}, {},
                        {})),
    "two new optimizers, no scheduler": case(
        lr_scheduler=None, scheduler={"restore_best": False},
        schedule=phases({}, {"new_optimizer": optimizer("Adam", lr=5e-4)},
                        {"new_optimizer": optimizer("RMSprop", lr=1e-4)}, {})),
    "new optimizer, nothing restored": case(
        scheduler={"restore_best": False},
        schedule=phases({}, {}, {"new_optimizer": optimizer(
            "SGD", lr=5e-4, momentum=0.9)}, {})),
    "new optimizer and scheduler, no_decay": case(
        all_parameters=True, scheduler={"restore_best": False},
        optimizer={"name": "sgd", "lr": 1e-3, "weight_decay": 1e-2,
                   "no_decay": ["bias"]},
        schedule=phases({}, {"new_optimizer": optimizer("AdamW", lr=5e-4),
                             "new_lr_scheduler": scheduler(
                                 "StepLR", step_size=1, gamma=0.5)}, {}, {})),
    "new optimizer, then a new scheduler": case(
        scheduler={"restore_best": False},
        schedule=phases({}, {"new_optimizer": optimizer("AdamW", lr=5e-4)},
                        {"new_lr_scheduler": scheduler(
                            "StepLR", step_size=1, gamma=0.5)}, {})),
    "new scheduler, then a new optimizer": case(
        scheduler={"restore_best": False},
        schedule=phases({}, {"new_lr_scheduler": scheduler(
            "StepLR", step_size=1, gamma=0.5)},
            {"new_optimizer": optimizer("AdamW", lr=5e-4)}, {}),
        metrics=UP_AND_DOWN),
}
CASES["new scheduler after a constant one"] = case(
    lr_scheduler={"name": "lambda_lr", "lr_lambda": "1"},
    schedule=phases({}, {"new_lr_scheduler": _STEP}, {}, {}))
_FOUR = phases({}, {"lr": 2e-5}, {"lr": 3e-5}, {})
CASES["four phases with rates"] = case(schedule=_FOUR)
_AT_ONCE = phases({"max_transition_epoch": 0}, {}, {})
CASES["second phase at once, nothing restored"] = case(
    schedule=_AT_ONCE, scheduler={"restore_best": False})

# Runs in which FTS dies of a raw exception (or, where there is None, goes
# wrong) and ours goes on: (case, exception, the case of CASES with the rates
# that ours has, why).
OTHERWISE = {
    "phases not written in order": (
        case(schedule={i: _FOUR[i] for i in (2, 0, 3, 1)}), None,
        "four phases with rates",
        "after a restore FTS adds groups as the phases are written and gives "
        "them each other's latest rates"),
    "second phase at once": (
        case(schedule=_AT_ONCE), "KeyError",
        "second phase at once, nothing restored",
        "FTS restores a best checkpoint that is not there yet"),
    "new optimizer, best restored": (
        case(schedule=CASES["new optimizer"]["schedule"]), "KeyError",
        "new optimizer",
        "FTS loads the old optimizer's groups into the new one, which misses "
        "its own options there"),
    "adagrad": (
        case(optimizer={"name": "adagrad", "lr": 1e-3}), "KeyError",
        "24 diverging metric",
        "PyTorch's Adagrad makes its state when it is built, so it cannot "
        "take groups later"),
    "new scheduler without an old one": (
        case(lr_scheduler=None, schedule=CASES[
            "new scheduler after a constant one"]["schedule"]), "IndexError",
        "new scheduler after a constant one",
        "FTS prints the old scheduler first, and there is none"),
}

_SCHEDULERS = [
    {"name": "step_lr", "step_size": 2, "gamma": 0.5},
    {"name": "multi_step_lr", "milestones": [1, 4], "gamma": 0.3},
    {"name": "exponential_lr", "gamma": 0.8},
    {"name": "constant_lr", "factor": 0.5, "total_iters": 3},
    {"name": "linear_lr", "start_factor": 0.2, "end_factor": 0.9,
     "total_iters": 4},
    {"name": "cosine_annealing_lr", "T_max": 4, "eta_min": 1e-7},
    {"name": "cosine_annealing_warm_restarts", "T_0": 3},
    {"name": "lambda_lr", "lr_lambda": "1 / (2 + epoch)"},
    {"name": "multiplicative_lr", "lr_lambda": "0.7 if epoch % 2 else 1.1"},
    {"name": "reduce_lr_on_plateau", "factor": 0.3, "patience": 1},
]
_CLASSES = ["StepLR", "MultiStepLR", "ExponentialLR", "ConstantLR", "LinearLR",
            "CosineAnnealingLR", "CosineAnnealingWarmRestarts", "LambdaLR",
            "MultiplicativeLR", "ReduceLROnPlateau"]


def _new_scheduler(rng):
    i = rng.randrange(len(_SCHEDULERS))
    args = {k: v for k, v in _SCHEDULERS[i].items() if k != "name"}
    made = scheduler(_CLASSES[i], **args)
    if _CLASSES[i] == "ReduceLROnPlateau":
        made["pl_lrs_cfg"] = {"monitor": "val_loss"}
    elif rng.random() < 0.4:
        made["pl_lrs_cfg"] = {"interval": rng.choice(["step", "epoch"]),
                              "frequency": rng.randint(1, 2)}
    if rng.random() < 0.3:
        made["init_pg_lrs"] = [rng.choice([1e-3, 3e-4, 5e-6])
                               for _ in range(rng.randint(1, 3))]
    if rng.random() < 0.4:
        made["use_current_optimizer_pg_lrs"] = rng.random() < 0.7
    return made


def generated(seed, count):
    """Runs put together at random, of what FTS survives.

    Lambdas for new groups only where FTS builds no group twice: it multiplies
    their initial_lr by the lambda of the moment, each time another one.
    """
    rng = random.Random(seed)
    for k in range(count):
        first = dict(rng.choice(_SCHEDULERS))
        if first["name"] == "reduce_lr_on_plateau":
            first["monitor"] = "val_loss"  # see "plateau replaced"
        else:
            first["interval"] = rng.choice(["epoch", "epoch", "step"])
            first["frequency"] = rng.randint(1, 3)
        made = case(
            optimizer={"name": rng.choice(["sgd", "adam", "adamw", "rmsprop"]),
                       "lr": rng.choice([1e-3, 3e-4])},
            lr_scheduler=first, steps=rng.randint(1, 4),
            early_stopping={"patience": rng.randint(1, 2),
                            # Never met exactly: FTS compares in float32.
                            "min_delta": rng.choice([0, 0.3005])},
            metrics=[round(5 - 0.3 * i + rng.uniform(-1, 1), 2)
                     for i in range(14)],
            max_epochs=rng.randint(8, 14),
            scheduler={"restore_best": rng.random() < 0.6,
                       "max_depth": rng.choice([-1, -1, 2]),
                       "base_max_lr": rng.choice([1e-5, 2e-3])})
        if rng.random() < 0.3:
            made["optimizer"]["no_decay"] = ["bias"]
        made["all_parameters"] = ("monitor" in first or
                                  "no_decay" in made["optimizer"])
        if not (made["all_parameters"] or made["scheduler"]["restore_best"]):
            made["scheduler"]["apply_lambdas_new_pgs"] = True
        if rng.random() < 0.2:
            made["scheduler"]["reinit_lr_cfg"] = {
                k: v for k, v in _new_scheduler(rng).items()
                if k != "init_pg_lrs"}
        elif rng.random() < 0.9:
            bodies = [{} for _ in range(rng.randint(2, 4))]
            for i, body in enumerate(bodies):
                if rng.random() < 0.3:
                    body["max_transition_epoch"] = 2 * i + rng.randint(1, 2)
                if i > 0 and rng.random() < 0.5:
                    body["lr"] = rng.choice([1e-4, 2e-6, 1e-2])
                if i > 0 and rng.random() < 0.5:
                    body["new_lr_scheduler"] = _new_scheduler(rng)
                if i > 0 and rng.random() < 0.3 and (
                        not made["scheduler"]["restore_best"]):
                    body["new_optimizer"] = optimizer(
                        rng.choice(["SGD", "Adam", "AdamW", "RMSprop"]),
                        lr=rng.choice([5e-4, 7e-5]))
            made["schedule"] = phases(*bodies)
        yield "generated %d" % k, made


CASES.update(generated(2141, 40))
