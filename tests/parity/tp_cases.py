# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""What tp_parity_test.py runs: meshes, forms of the plan and options, each as a
run config and as settings of the reference.
"""

import dataclasses

import fit_runs
import reference_training as reference

STEPS = 7
LAYERS = r"model.layers.\d*$"
# Eight heads, two of them to one of keys and values; the tied model's
# vocabulary divides by neither 2 nor 4.
SHAPE = dict(num_attention_heads=8, num_key_value_heads=4)
TIED = dict(SHAPE, tied=True, vocab_size=259)

NATIVE = {"model.output": {}, LAYERS: {}}
HF_PLAN = {"lm_head": {}, LAYERS: {}}
# `tp_plan: llama` without loss_parallel, written by hand.
BY_HAND = {
    "model.embed_tokens": dict(style="rowwise", output="shard(1)"),
    r"model.layers.\d*.(input|post_attention)_layernorm$": "sequence",
    r"model.layers.\d*.(self_attn|mlp)$": dict(
        style="prepare_input", input=["shard(1)"], compute=["replicate"]),
    r"model.layers.\d*.self_attn.[qkv]_proj$": "colwise",
    r"model.layers.\d*.mlp.(gate|up)_proj$": "colwise",
    r"model.layers.\d*.(self_attn.o_proj|mlp.down_proj)$": dict(
        style="rowwise", output="shard(1)"),
    "model.norm": "sequence",
    "lm_head": dict(style="colwise", input="shard(1)", output="replicate"),
}

# Sums of other orders; the last bits of a gradient near zero are all that Adam
# sees of it, which is what moves a tensor by more than its norm.
FP32 = dict(fit_runs.TOLERANCES, weights=2e-5, norms=1e-5, gradients=5e-6)
BF16 = dict(loss=1e-3, val_loss=1e-3, grad_norm=1e-2, weights=1e-2, lr=1e-12,
            norms=1e-3, gradients=4e-3)


@dataclasses.dataclass
class Variant:
    mesh: tuple  # replicate, shard, tp
    sequence: bool = True
    loss: bool = True
    tied: bool = False
    hf: bool = False  # names
    plan: dict = dataclasses.field(default_factory=lambda: dict(NATIVE))
    defaults: dict = dataclasses.field(
        default_factory=lambda: dict(reshard_after_forward=True))
    tp_plan: object = "llama"
    accumulate: int = 1
    precision: str = "32-true"
    adapter: dict = dataclasses.field(default_factory=dict)
    tolerance: dict = dataclasses.field(default_factory=lambda: FP32)

    @property
    def world(self):
        replicate, shard, tp = self.mesh
        return replicate * shard * tp


CHECKPOINTED = dict(reshard_after_forward=True, act_ckpt=["composable"])
WRAPPED = dict(act_ckpt=["wrapped", {"early_stop": False}])
KEPT = dict(reshard_after_forward=False, act_ckpt="wrapped_offload")
SELECTIVE = dict(act_ckpt=["composable", {
    "every": 2, "save": ["matmul", "attention"]}])
SEED = dict(CHECKPOINTED, cpu_offload_policy={})
# Every mesh, with each of: activations in parts or whole between the blocks,
# logits in parts or whole, model; and every pair of the last three.
VARIANTS = {
    "1x2": Variant((1, 1, 2), defaults=SEED),
    "1x2_whole": Variant((1, 1, 2), sequence=False, loss=False, tied=True,
                         hf=True, plan={LAYERS: {}}),
    "1x4": Variant((1, 1, 4), loss=False, tied=True, plan={LAYERS: {}},
                   accumulate=2),
    "1x4_whole": Variant((1, 1, 4), sequence=False, defaults=KEPT,
                         adapter=dict(unplanned="shard")),
    "2x2": Variant((1, 2, 2), tied=True, accumulate=2,
                   plan={LAYERS: WRAPPED}),
    "2x2_whole": Variant((1, 2, 2), sequence=False, loss=False,
                         defaults=CHECKPOINTED),
    "2x1x2_by_hand": Variant((2, 1, 2), loss=False, hf=True,
                             plan={"lm_head": {}, LAYERS: SELECTIVE},
                             tp_plan=BY_HAND),
    "2x1x2_whole": Variant((2, 1, 2), sequence=False, tied=True,
                           plan={LAYERS: {}}, defaults=CHECKPOINTED),
    "2x2x2": Variant((2, 2, 2), defaults=CHECKPOINTED),
    "2x2x2_whole": Variant((2, 2, 2), sequence=False, loss=False, tied=True,
                           plan={"model": {}}),
}
BF16_VARIANT = Variant((1, 2, 2), precision="bf16-mixed", tolerance=BF16)

TIED_PHASES = {  # phase 1 thaws what both ends of the network use
    0: [r"model\.norm\.weight"] + fit_runs.LAST_LAYER,
    1: [r"model\.embed_tokens\.weight"],
    2: [r"model\.layers\.[0-2]\..*"],
}
PHASES = {0: fit_runs.HEAD, 1: fit_runs.LAST_LAYER, 2: fit_runs.REST}


def variant_named(name):
    return BF16_VARIANT if name == "2x2_bf16" else VARIANTS[name]


def phases_of(variant):
    return TIED_PHASES if variant.tied else PHASES


def settings(bench, variant):
    phases = phases_of(variant)
    return bench.settings(steps_per_epoch=STEPS, phases=[
        reference.Phase(phases[0], until_epoch=1),
        reference.Phase(phases[1], until_epoch=2),
        reference.Phase(phases[2])])


def config(bench, variant):
    """The run config of a variant."""
    config = bench.config()
    name = native_pattern
    if variant.hf:
        config["model"]["names"] = "hf"
        name = str
    config["schedule"] = {
        phase: dict(params=[name(p) for p in patterns],
                    **({"max_transition_epoch": phase + 1} if phase < 2
                       else {}))
        for phase, patterns in phases_of(variant).items()}
    config["trainer"]["steps_per_epoch"] = STEPS
    config["trainer"]["accumulate"] = variant.accumulate
    config["precision"] = variant.precision
    replicate, shard, tp = variant.mesh
    config["mesh"] = dict(dp_replicate=replicate, dp_shard=shard, tp=tp)
    config["strategy_adapter_cfg"] = dict(
        variant.adapter, fsdp_plan=variant.plan,
        fsdp_default_kwargs=variant.defaults, tp_plan=variant.tp_plan,
        loss_parallel=variant.loss)
    if variant.tp_plan == "llama":
        config["strategy_adapter_cfg"]["sequence_parallel"] = variant.sequence
    return config


def native_pattern(pattern):
    """A pattern of Hugging Face's names as one of ours."""
    dots = pattern.replace(r"\.", ".")
    return fit_runs.native_name(dots).replace(".", r"\.").replace(
        r"\.*", ".*")
