# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Bad input of `fts fit` on two ranks: exit 2, a message with its place, and
nothing started. The expected text is all of stderr, line for line.
"""

import json
import os
import shutil
import struct
import tempfile
import unittest

import harness
from harness import CONFIG, SCHEDULE


class BadInputTest(harness.FitTestCase):

    @classmethod
    def setUpClass(cls):
        # A real model directory, to be damaged.
        cls.models = tempfile.mkdtemp(prefix="fts_dist_")
        with open(os.path.join(cls.models, "c.yaml"), "w",
                  encoding="utf-8") as file:
            file.write(CONFIG)
        run = harness.Process(cls.models, [
            "fit", "--config", "c.yaml", "output_dir=out",
            "trainer.cpu_ranks=1", "trainer.max_steps=1"])
        if run.wait() != 0:
            raise AssertionError(run.err)
        cls.model = os.path.join(cls.models, "out", "export")

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.models)

    def check(self, config, expected, *args, env=None, left=()):
        """Runs `config` as c.yaml; `expected`: the lines of stderr."""
        self.write("c.yaml", config)
        run = self.fit("--config", "c.yaml", "output_dir=out", *args, env=env,
                       code=2)
        self.assertEqual(run.out, "")
        self.assertEqual(run.err.rstrip("\n").split("\n"), expected)
        # Nothing was started: no log of a rank, no output directory.
        found = sorted(os.listdir(self.path("out"))) if os.path.exists(
            self.path("out")) else []
        self.assertEqual(found, sorted(left))

    def check_model(self, expected):
        self.check(CONFIG.replace(harness.MODEL,
                                  "model: {arch: llama, path: model}\n"),
                   expected)

    def copy_model(self):
        shutil.copytree(self.model, self.path("model"))
        return self.path("model", "model.safetensors")

    def schedule(self, text):
        self.write("s.yaml", text)
        return CONFIG.replace(SCHEDULE, "s.yaml")

    # ---- config --------------------------------------------------------------

    def test_unknown_keys_are_all_found(self):
        self.check(
            CONFIG.replace("seq_len:", "seqlen:").replace("optimizer:",
                                                          "optimiser:"), [
                "c.yaml:9:3: error: unknown key 'data.seqlen'; did you mean "
                "'seq_len'? [unknown_key]",
                "c.yaml:12:1: error: unknown key 'optimiser'; did you mean "
                "'optimizer'? [unknown_key]"])

    def test_options_of_later_versions(self):
        self.check(CONFIG.replace("cpu_ranks: 2}",
                                  "cpu_ranks: 2, device: cuda}") + """\
checkpoint: {resume: auto, save_last: true, every_n_steps: 5}
profile: {memory: true}
loggers: [jsonl, tensorboard]
""", [
            "c.yaml:11:90: error: trainer.device: cuda is not available in "
            "this version; use auto or cpu [not_available]",
            "c.yaml:18:39: error: checkpoint.save_last (checkpoints on disk) "
            "is not available in this version; remove it [not_available]",
            "c.yaml:18:60: error: checkpoint.every_n_steps (checkpoints on "
            "disk) is not available in this version; remove it "
            "[not_available]",
            "c.yaml:18:22: error: checkpoint.resume (checkpoints on disk) is "
            "not available in this version; remove it [not_available]",
            "c.yaml:19:10: error: profile is not available in this version; "
            "remove it [not_available]",
            "c.yaml:20:18: error: the logger tensorboard is not available in "
            "this version; use loggers: [jsonl] [not_available]"])

    def test_a_plan_that_does_not_fit_the_mesh(self):
        self.check(CONFIG.replace(
            "'model.output': {}",
            "'model.output': {reshard_after_forward: 3}"), [
                "c.yaml:17:55: error: unit 'model.output': "
                "reshard_after_forward 3 does not divide the 2 ranks of "
                "dp_shard; give a divisor, true or false [reshard_group]"])

    def test_a_tp_plan_that_does_not_fit(self):
        tp = CONFIG + "mesh: {dp_shard: 1, tp: %d}\n"
        self.check(tp % 2, [
            "c.yaml:18:25: error: mesh.tp is 2, but there is no tp_plan to say "
            "how 2 ranks share the layers; write "
            "strategy_adapter_cfg.tp_plan (llama, or a mapping {module "
            "pattern: style}), or set mesh.tp to 1 [tp_plan_missing]"])
        planned = tp.replace("mesh:", "  tp_plan: llama\nmesh:")
        self.check(planned % 4, [
            "c.yaml:18:12: error: tp_plan 'llama': "
            "'model.layers.0.attention.wk' (and 7 more) has 2 key and value "
            "heads for 4 query heads, which 4 ranks along tp cannot share: a "
            "head is never cut; the largest mesh.tp below it that works for all heads "
            "of the plan is 2 [tp_size]"], "trainer.cpu_ranks=4")
        self.check(planned.replace("seq_len: 32", "seq_len: 31") % 2, [
            "c.yaml:9:12: error: data.seq_len 31 does not divide by 2: under "
            "this tp_plan each of the 2 ranks along mesh.tp works on its part "
            "of every sequence between layers; use a multiple of 2, or "
            "sequence_parallel: false [out_of_range]"])

    def test_a_tp_plan_whose_layouts_do_not_meet(self):
        # w3 was forgotten: found by running shapes alone.
        self.check(CONFIG.replace(
            "strategy_adapter_cfg:\n", "strategy_adapter_cfg:\n"
            "  tp_plan:\n"
            "    model.layers.\\d+.feed_forward.w1$: colwise\n"
            "    model.layers.\\d+.feed_forward.w2$: rowwise\n") +
            "mesh: {dp_shard: 1, tp: 2}\n", [
                "c.yaml:17:5: error: tp_plan: the layouts of the tensors that "
                "meet in module 'model.layers.0.feed_forward' do not fit on "
                "rank 0 of 2 along tp (The size of tensor a (32) must match "
                "the size of tensor b (64) at non-singleton dimension 2); give "
                "what runs in it one layout, or prepare its input "
                "[tp_layouts]"])

    def test_data_formats_of_later_versions(self):
        self.check(CONFIG.replace(harness.TRAIN_TEXT,
                                  "a.txt, format: jsonl")
                   .replace(harness.VAL_TEXT,
                            "b.txt, tokenizer: 'sentencepiece:b.model'"), [
            "c.yaml:7:32: error: data.train.format: jsonl is not available "
            "in this version; use text or tokens [not_available]",
            "c.yaml:8:33: error: data.val.tokenizer: sentencepiece is not "
            "available in this version; use bytes, or a token file "
            "[not_available]"])

    def test_resume_on_the_command_line(self):
        self.check(CONFIG, [
            "error: --resume is not available in this version: runs write no "
            "checkpoints yet; leave it out [not_available]"], "--resume",
            "auto")

    def test_override_errors_have_no_place(self):
        self.check(CONFIG, [
            "error: unknown key 'trainer.max_epoch'; did you mean "
            "'max_epochs'? [unknown_key]"], "trainer.max_epoch=3")

    def test_missing_config_file(self):
        self.check(CONFIG, ["error: cannot read 'nowhere.yaml': no such file "
                            "[missing_file]"], "--config", "nowhere.yaml")

    def test_optimizer_and_lr_scheduler(self):
        self.check(CONFIG.replace("adamw", "adamv") +
                   "lr_scheduler: {name: StepLr, step_size: 1}\n", [
            "c.yaml:12:12: error: unknown optimizer 'adamv'; did you mean "
            "'adamw'? [unknown_optimizer]",
            "c.yaml:18:15: error: unknown lr_scheduler 'StepLr'; did you "
            "mean 'StepLR'? [unknown_lr_scheduler]"])

    def test_optimizer_arguments(self):
        self.check(CONFIG.replace("adamw, lr: 1.0e-3",
                                  "adamw, lr: fast, momentum: 0.9") +
                   "lr_scheduler: {name: step_lr}\n", [
            "c.yaml:12:30: error: AdamW: 'lr' is string 'fast'; it must be a "
            "number of at least 0 [bad_type]",
            "c.yaml:12:36: error: AdamW: unknown keyword 'momentum' "
            "[unknown_key]",
            "c.yaml:18:15: error: StepLR: 'step_size' is missing "
            "[missing_key]"])

    # ---- schedule ------------------------------------------------------------

    def test_bad_pattern_and_unmatched_entry(self):
        self.check(self.schedule("""\
0:
  params: [model.output.(weight]
1:
  params:
  - model.layers.9.*
  - model.nrom.weight
  max_transition_epch: 3
"""), [
            "s.yaml:2:12: error: phase 0, entry 'model.output.(weight' is no "
            "parameter's name and no valid pattern: missing ), unterminated "
            "subpattern at position 13 [bad_pattern]",
            "s.yaml:7:3: warning: phase 1: unknown key 'max_transition_epch' "
            "is ignored; did you mean 'max_transition_epoch'? [unknown_key]",
            "s.yaml:5:5: error: phase 1, entry 'model.layers.9.*' did not "
            "match any parameter [unmatched_entry]",
            "s.yaml:6:5: error: phase 1, entry 'model.nrom.weight' did not "
            "match any parameter; did you mean 'model.norm.weight'? "
            "[unmatched_entry]"])

    def test_phases_that_are_not_contiguous(self):
        self.check(self.schedule("""\
0: {params: [model.output.weight], max_transition_epoch: 1}
2: {params: ['model.layers.3.*']}
"""), [
            "s.yaml:1:1: error: the phases are numbered 0, 2, but must be "
            "numbered from 0 without gaps; review this renumbered schedule "
            "and use it instead: [phases_not_contiguous]",
            "0:",
            "  params:",
            "    - model.output.weight",
            "  max_transition_epoch: 1",
            "1:",
            "  params:",
            "    - model.layers.3.*",
            "the renumbered schedule is in out/llama_ft_schedule_valid.yaml; "
            "review it and use it instead"],
                   left=["llama_ft_schedule_valid.yaml"])
        valid = self.path("out", "llama_ft_schedule_valid.yaml")
        self.assertEqual(harness.read(valid), """\
0:
  params:
    - model.output.weight
  max_transition_epoch: 1
1:
  params:
    - model.layers.3.*
""")
        # What was offered is right.
        self.write("c.yaml", CONFIG.replace(SCHEDULE, valid))
        self.fit("--config", "c.yaml", "output_dir=out", "trainer.max_steps=1")

    def test_new_optimizers_and_lr_schedulers_of_any_phase(self):
        self.check(self.schedule("""\
0: {params: [model.output.weight]}
1:
  params: ['model.layers.3.*']
  new_optimizer: {optimizer_init: {class_path: torch.optim.SGD, init_args: \
{momentumm: 0.9, lr: -0.1}}}
2:
  params: ['model.layers.2.*']
  new_lr_scheduler:
    lr_scheduler_init: {class_path: torch.optim.lr_scheduler.StepLR, \
init_args: {gama: 0.5}}
3:
  params: ['model.layers.1.*']
  new_lr_scheduler:
    lr_scheduler_init: {class_path: torch.optim.lr_scheduler.\
ReduceLROnPlateau, init_args: {min_lr: [0.1, 0.2]}}
    pl_lrs_cfg: {monitor: accuracy}
    init_pg_lrs: [0.1]
"""), [
            "s.yaml:4:97: error: SGD: 'lr' is float -0.1; it must be a number "
            "of at least 0 [out_of_range]",
            "s.yaml:4:77: error: SGD: unknown keyword 'momentumm'; did you "
            "mean 'momentum'? [unknown_key]",
            "s.yaml:8:37: error: StepLR: 'step_size' is missing [missing_key]",
            "s.yaml:8:82: error: StepLR: unknown keyword 'gama'; did you mean "
            "'gamma'? [unknown_key]",
            "s.yaml:14:18: warning: phase 3: new_lr_scheduler.init_pg_lrs "
            "lists 1 rates for 3 groups of earlier phases; the last 2 keep "
            "their present rate [group_lrs_count]",
            "s.yaml:12:24: error: new_lr_scheduler "
            "'torch.optim.lr_scheduler.ReduceLROnPlateau' waits for "
            "'accuracy', which is not measured; monitor val_loss [bad_value]",
            "s.yaml:12:24: error: ReduceLROnPlateau: min_lr lists 2 rates, "
            "the optimizer has 4 groups; give one rate, or one per group "
            "[bad_value]"])

    def test_reinit_keys(self):
        self.check(CONFIG, [
            "error: scheduler.reinit_lr_cfg does not go with a schedule of "
            "your own; write new_lr_scheduler in the phases that should have "
            "it, or use schedule: implicit [bad_reinit]"],
                   "scheduler.reinit_lr_cfg={lr_scheduler_init: {class_path: "
                   "StepLR, init_args: {step_size: 1}}}")
        # One node for every phase: one message.
        self.check(CONFIG, [
            "error: SGD: 'lr' is string 'high'; it must be a number of at "
            "least 0 [bad_type]"],
                   "scheduler.reinit_optim_cfg={optimizer_init: {class_path: "
                   "torch.optim.SGD, init_args: {lr: high}}}")

    def test_what_one_group_makes_no_use_of(self):
        why = ("has no effect: with enforce_phase0_params: false one optimizer "
               "group holds every phase, at the optimizer's own values; remove "
               "one of the two [no_effect]")
        self.check(self.schedule("""\
0: {params: [model.output.weight], weight_decay: 0.1}
1: {params: ['model.layers.[23].*'], lr: 0.1, lr_decay: 0.5}
"""), [
            "error: SGD: unknown keyword 'betas' [unknown_key]",
            "s.yaml:1:36: warning: phase 0: weight_decay " + why,
            "s.yaml:2:38: warning: phase 1: lr " + why,
            "s.yaml:2:47: warning: phase 1: lr_decay " + why],
                   "scheduler.enforce_phase0_params=false",
                   "optimizer={name: sgd, betas: [0, 0]}")

    def test_metric_that_nobody_measures(self):
        self.check(self.schedule("""\
0: {params: [model.output.weight]}
1: {params: ['model.layers.3.*']}
""").replace("  val: {path: %s}\n" % harness.VAL_TEXT, ""), [
            "s.yaml:1:1: error: phase 0 can only end by early stopping on "
            "'val_loss', but there is no validation data; add data.val, or "
            "give the phase a max_transition_epoch, _step, _tokens or _time "
            "[needs_validation]"])

    # ---- plan ----------------------------------------------------------------

    def test_plan(self):
        self.check(CONFIG.replace("'model.output': {}",
                                  "'model.outputs': {}, model.norm: "
                                  "{reshard_after_forwad: true}"), [
            "c.yaml:17:15: error: fsdp_plan entry 'model.outputs' matches no "
            "module; did you mean 'model.output'? [unmatched_module]",
            "c.yaml:17:49: error: fsdp_plan entry 'model.norm': there is no "
            "option 'reshard_after_forwad'; did you mean "
            "'reshard_after_forward'? [unknown_key]"])

    def test_act_ckpt(self):
        self.check(CONFIG.replace("'model.output': {}", """
    'model.output': {act_ckpt: [wrapped_offload, {save: [matmul]}]}
    model.norm: {act_ckpt: [composable, {every: 0, save: [softmax]}]}
  """).replace("fsdp_plan: {", "fsdp_plan:").replace(
      ", 'model.layers.\\d*$': {}}", ""), [
            "c.yaml:18:51: error: fsdp_plan entry 'model.output': act_ckpt "
            "mode wrapped_offload takes no keywords; remove 'save' "
            "[unknown_key]",
            "c.yaml:19:49: error: fsdp_plan entry 'model.norm': act_ckpt "
            "keyword every is integer 0; it must be a whole number from 1: "
            "every n-th module of the entry is checkpointed [out_of_range]",
            "c.yaml:19:59: error: fsdp_plan entry 'model.norm': act_ckpt "
            "keyword save names string 'softmax'; it may name matmul and "
            "attention [bad_value]"])

    # ---- data ----------------------------------------------------------------

    def test_missing_data_file(self):
        self.check(CONFIG.replace(harness.TRAIN_TEXT, "nowhere.txt"), [
            "c.yaml:7:17: error: data.train: 'nowhere.txt' does not exist; a "
            "path is relative to the file that names it [missing_file]"])

    def test_lengths(self):
        self.write("short.txt", "short")
        self.check(CONFIG.replace("seq_len: 32", "seq_len: 65")
                   .replace("batch_size: 2", "batch_size: 9999")
                   .replace(harness.VAL_TEXT, "short.txt"), [
            "c.yaml:9:12: error: data.seq_len 65 is longer than the model's "
            "max_seq_len 64; lower data.seq_len [out_of_range]",
            "c.yaml:8:15: error: data.val: 'short.txt' holds 5 tokens; one "
            "sample needs seq_len + 1 = 66; use a longer file or a smaller "
            "data.seq_len [data_too_short]",
            "c.yaml:10:15: error: data.train has 3402 samples, but one "
            "optimizer step takes 19998 samples (data-parallel size 2 * "
            "batch_size 9999 * accumulate 1); use more data or a smaller "
            "batch or seq_len [epoch_too_long]"])

    def test_vocabulary(self):
        self.write("t.txt", "hello, \u00e4")
        self.check(CONFIG.replace("seq_len: 32", "seq_len: 2")
                   .replace("vocab_size: 256", "vocab_size: 150")
                   .replace(harness.TRAIN_TEXT, "t.txt")
                   .replace(harness.VAL_TEXT, "t.txt"), [
            "c.yaml:7:17: error: data.train: 't.txt' has token id 195 at "
            "position 7, but the model's vocab_size is 150; text is read as "
            "bytes and needs vocab_size 256 unless it is plain ASCII "
            "[token_out_of_range]",
            "c.yaml:8:15: error: data.val: 't.txt' has token id 195 at "
            "position 7, but the model's vocab_size is 150; text is read as "
            "bytes and needs vocab_size 256 unless it is plain ASCII "
            "[token_out_of_range]"])

    # ---- model ---------------------------------------------------------------

    def test_missing_model(self):
        self.check_model([
            "c.yaml:1:28: error: model.path: 'model' is no directory; name a "
            "Hugging Face model directory, relative to the file that says it "
            "[missing_file]"])

    def test_truncated_safetensors(self):
        path = self.copy_model()
        os.truncate(path, os.path.getsize(path) - 100)
        self.check_model([
            "error: model/model.safetensors: cut short: its header describes "
            "218120 bytes, the file has 218020; tensor 'model.norm.weight' "
            "needs bytes 217992 to 218120 (header, byte 3894) "
            "[bad_safetensors]"])

    def test_hostile_safetensors_header(self):
        path = self.copy_model()
        with open(path, "r+b") as file:
            file.write(struct.pack("<Q", 2 ** 62))
        self.check_model([
            "error: model/model.safetensors: the header length at byte 0 is "
            "4611686018427387904, more than the 100000000 allowed; is this a "
            "safetensors file? [bad_safetensors]"])

    def test_hostile_safetensors_offsets(self):
        path = self.copy_model()
        header = json.dumps({"model.norm.weight": {
            "dtype": "F32", "shape": [2 ** 40, 2 ** 40],
            "data_offsets": [0, 2 ** 63]}}).encode()
        with open(path, "wb") as file:
            file.write(struct.pack("<Q", len(header)) + header)
        self.check_model([
            "error: model/model.safetensors: tensor 'model.norm.weight' has "
            "the shape [1099511627776, 1099511627776], too large to address "
            "(header, byte 9) [bad_safetensors]"])

    def test_missing_tensor(self):
        self.copy_model()
        config = json.loads(harness.read(self.path("model", "config.json")))
        config["num_hidden_layers"] = 5
        with open(self.path("model", "config.json"), "w",
                  encoding="utf-8") as file:
            json.dump(config, file)
        self.check_model([
            "error: model/model.safetensors: lacks 9 of the 48 tensors of "
            "the model: 'model.layers.4.self_attn.q_proj.weight', "
            "'model.layers.4.self_attn.k_proj.weight', "
            "'model.layers.4.self_attn.v_proj.weight', "
            "'model.layers.4.self_attn.o_proj.weight', "
            "'model.layers.4.mlp.gate_proj.weight', "
            "'model.layers.4.mlp.down_proj.weight', "
            "'model.layers.4.mlp.up_proj.weight', "
            "'model.layers.4.input_layernorm.weight', "
            "'model.layers.4.post_attention_layernorm.weight' "
            "[missing_tensor]"])

    # ---- mesh and launch -----------------------------------------------------

    LAUNCH = {"RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1",
              "MASTER_PORT": "29555"}

    def test_mesh_that_does_not_fit_the_launch(self):
        for rank in "01":
            self.check(CONFIG + "mesh: {dp_shard: 3}\n", [
                "c.yaml:18:7: error: mesh {dp_replicate: 1, dp_shard: 3, tp: "
                "1} needs 3 ranks, but 2 ranks were launched; launch 3, or set "
                "mesh.dp_shard to -1 or 2 [mesh_size]"],
                       env=dict(self.LAUNCH, RANK=rank))

    def test_mesh_that_does_not_fit_cpu_ranks(self):
        self.check(CONFIG + "mesh: {dp_shard: 3}\n", [
            "c.yaml:18:7: error: mesh {dp_replicate: 1, dp_shard: 3, tp: 1} "
            "needs 3 ranks, but trainer.cpu_ranks is 2; set trainer.cpu_ranks "
            "to 3, or one size of the mesh to -1 [mesh_size]"])

    def test_launch_variables(self):
        self.check(CONFIG, [
            "error: WORLD_SIZE is not set although RANK is; launch with "
            "torchrun, srun or mpirun, or set it [launch_environment]"],
                   env={"RANK": "0"})
        self.check(CONFIG, [
            "error: RANK is 5 but WORLD_SIZE is 2; RANK must be between 0 and "
            "1 [launch_environment]"], env=dict(self.LAUNCH, RANK="5"))
        self.check(CONFIG, ["error: WORLD_SIZE is 'two', must be a whole "
                            "number [launch_environment]"],
                   env=dict(self.LAUNCH, WORLD_SIZE="two"))
        lonely = dict(self.LAUNCH)
        del lonely["MASTER_ADDR"]
        self.check(CONFIG, [
            "error: MASTER_ADDR is not set although the job has 2 ranks; set "
            "it to the host of rank 0, on every rank [launch_environment]"],
                   env=lonely)

    # ---- output --------------------------------------------------------------

    def test_output_dir_of_another_run(self):
        os.mkdir(self.path("out"))
        self.write("out/metrics.jsonl", "")
        self.check(CONFIG, [
            "error: output_dir 'out' already holds a metrics.jsonl of another "
            "run; name a new output_dir, or remove the old run "
            "[output_dir_in_use]"], left=["metrics.jsonl"])

    def test_output_dir_that_is_a_file(self):
        self.write("file", "")
        self.check(CONFIG, [
            "error: output_dir 'file/out' cannot be used: 'file/out': Not a "
            "directory [output_dir_unwritable]"], "output_dir=file/out")


if __name__ == "__main__":
    unittest.main()
