# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""fts.lightning on one device, with Lightning itself: what scripts written for
finetuning_scheduler rely on, its cases 37 to 39, and what users get wrong."""

import logging
import os
import tempfile
import unittest
import warnings

import torch
import yaml

import lightning.pytorch as pl
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint
from lightning.pytorch.utilities.exceptions import MisconfigurationException

import fts
import fts.lightning as fl

warnings.filterwarnings("ignore")
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
logging.getLogger("fts").setLevel(logging.ERROR)

PHASES = {
    0: {"params": ["model.3.*"], "max_transition_epoch": 1},
    1: {"params": ["model.2.*"], "max_transition_epoch": 2, "lr": 1e-4},
    2: {"params": ["model.[01].*"], "lr": 2e-4},
}


class Module(pl.LightningModule):
    """Four linear layers; val_loss as given, one value per validation."""

    def __init__(self, losses=(), optimizers=1, batch_norm=False, **adamw):
        super().__init__()
        torch.manual_seed(1)
        self.model = torch.nn.Sequential(
            *[torch.nn.Linear(2, 2) for _ in range(4)])
        self.norm = torch.nn.BatchNorm1d(2) if batch_norm else None
        self.losses, self.optimizers_wanted, self.adamw = list(losses), optimizers, adamw
        self.validations = 0
        self.steps = 4

    def training_step(self, batch, _):
        x = self.model(batch)
        return (self.norm(x) if self.norm else x).square().mean()

    def on_validation_epoch_end(self):
        if self.trainer.sanity_checking:
            return
        losses = self.losses or [1.0 / (1 + self.current_epoch)]
        self.log("val_loss", float(losses[min(self.validations, len(losses) - 1)]))
        self.validations += 1

    def validation_step(self, *_):
        pass

    def configure_optimizers(self):
        args = {"lr": 1e-3, **self.adamw}
        if self.optimizers_wanted == 1:
            return torch.optim.AdamW(self.parameters(), **args)
        return [torch.optim.AdamW(self.parameters(), **args)
                for _ in range(self.optimizers_wanted)]

    def train_dataloader(self):
        torch.manual_seed(2)
        return torch.utils.data.DataLoader(torch.rand(2 * self.steps, 2), batch_size=2)

    def val_dataloader(self):
        return torch.utils.data.DataLoader(torch.zeros(1, 2))


class LightningTest(unittest.TestCase):
    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.addCleanup(self._folder.cleanup)
        self.folder = self._folder.name

    def trainer(self, *callbacks, **options):
        options = {"max_epochs": 4, "num_sanity_val_steps": 0, **options}
        return pl.Trainer(
            accelerator="cpu", devices=1, logger=False, callbacks=list(callbacks),
            default_root_dir=self.folder, enable_progress_bar=False,
            enable_model_summary=False, **options)

    def fit(self, module, schedule=PHASES, others=None, ckpt=None, options=None,
            **arguments):
        """The callback, which has noted what each epoch trains and at what rate."""
        epochs = []

        class Noting(fl.FinetuningScheduler):
            def on_train_epoch_start(self, trainer, pl_module):
                super().on_train_epoch_start(trainer, pl_module)
                epochs.append((
                    self.curr_depth,
                    sum(p.requires_grad for p in pl_module.parameters()),
                    [g["lr"] for g in trainer.optimizers[0].param_groups]))

        callback = Noting(schedule, **arguments)
        callback.epochs = epochs
        if others is None:
            others = [fl.FTSEarlyStopping("val_loss"),
                      fl.FTSCheckpoint(monitor="val_loss", filename="{epoch}",
                                       save_top_k=-1, dirpath=self.folder + "/best")]
        self.last = self.trainer(callback, *others, **(options or {}))
        self.last.fit(module, ckpt_path=ckpt)
        return callback

    def refused(self, text, kind=MisconfigurationException, **arguments):
        module = arguments.pop("module", None) or Module()
        with self.assertRaises(kind) as raised:
            self.fit(module, **arguments)
        self.assertIn(text, str(raised.exception))
        return raised.exception

    # ---- Phases ----------------------------------------------------------------

    def test_three_phases(self):
        module = Module()
        before = {n: p.detach().clone() for n, p in module.named_parameters()}
        callback = self.fit(module)
        self.assertEqual(
            [(0, 2, [1e-3]), (1, 4, [1e-3, 1e-4]), (2, 8, [1e-3, 1e-4, 2e-4]),
             (2, 8, [1e-3, 1e-4, 2e-4])], callback.epochs)
        for name, parameter in module.named_parameters():
            self.assertFalse(torch.equal(before[name], parameter), name)
        self.assertEqual(0, callback.depth_remaining)
        self.assertEqual(["model.2.weight", "model.2.bias"],
                         callback.ft_schedule[1]["params"])
        self.assertIn("max_epochs 4 reached", callback.scheduler.finish_reason)
        checkpoint = self.last.checkpoint_callback
        self.assertEqual((2, 2), (checkpoint.current_ckpt_depth,
                                  checkpoint.best_ckpt_depth))

    def test_native_backend_trains_the_same(self):
        torch_module, native_module = Module(), Module()
        clip = {"options": {"gradient_clip_val": 0.1}}
        self.fit(torch_module, **clip)
        callback = self.fit(native_module, backend="native", **clip)
        self.assertEqual("native", callback.scheduler.backend.name)
        whole = native_module.state_dict()
        for name, value in torch_module.state_dict().items():
            torch.testing.assert_close(whole[name], value, rtol=1e-4, atol=1e-6)

    def test_without_a_schedule_one_is_made_and_written(self):
        callback = self.fit(Module([1, 2, 3, 4, 5, 6]), None, others=[
            fl.FTSEarlyStopping("val_loss", patience=1),
            fl.FTSCheckpoint(monitor="val_loss", dirpath=self.folder + "/best")],
            options={"max_epochs": 9})
        self.assertEqual([0, 0, 1, 2, 3], [e[0] for e in callback.epochs])
        with open(self.folder + "/Module_ft_schedule.yaml", encoding="utf-8") as file:
            written = yaml.safe_load(file)
        self.assertEqual(["model.3.bias", "model.3.weight"], written[0]["params"])
        self.assertEqual(4, len(written))
        self.assertIn("early stopping", self.last.early_stopping_callback
                      .stopping_reason_message)

    def test_gen_ft_sched_only_writes_and_exits(self):
        with self.assertRaises(SystemExit) as raised:
            self.fit(Module(), None, gen_ft_sched_only=True, log_dir=self.folder + "/s")
        self.assertEqual(0, raised.exception.code)
        self.assertEqual(["Module_ft_schedule.yaml"], os.listdir(self.folder + "/s"))

    def test_plain_callbacks_are_replaced_with_their_settings(self):
        callback = self.fit(Module([1, 2, 3, 4, 5, 6, 7]), None, others=[
            EarlyStopping("val_loss", patience=2, min_delta=0.25, mode="min"),
            ModelCheckpoint(monitor="val_loss", save_top_k=2)],
            options={"max_epochs": 5})
        early, checkpoint = (self.last.early_stopping_callback,
                             self.last.checkpoint_callback)
        self.assertIsInstance(early, fl.FTSEarlyStopping)
        self.assertIsInstance(checkpoint, fl.FTSCheckpoint)
        self.assertEqual((2, 0.25), (early.patience, early.rule["min_delta"]))
        self.assertEqual(2, checkpoint.save_top_k)
        self.assertEqual([0, 0, 0, 1, 1], [e[0] for e in callback.epochs])
        # And the defaults, where there is none.
        self.fit(Module(), others=[])
        self.assertEqual("val_loss", self.last.early_stopping_callback.monitor)
        self.assertEqual("val_loss", self.last.checkpoint_callback.monitor)

    def test_an_epoch_may_be_validated_several_times(self):
        """Patience counts validations; the phase ends with the epoch, and the run
        in the last phase at once."""
        early = fl.FTSEarlyStopping("val_loss", patience=2)
        callback = self.fit(
            Module([1, 2, 2, 2]), {0: {"params": ["model.3.*"]},
                                   1: {"params": ["model.2.*"]}},
            others=[early, fl.FTSCheckpoint(monitor="val_loss",
                                            dirpath=self.folder + "/best")],
            options={"val_check_interval": 0.25, "max_epochs": 9})
        self.assertEqual([0, 1], [e[0] for e in callback.epochs])
        self.assertEqual(6, self.last.global_step)
        # Or not in every epoch.
        callback = self.fit(Module(), options={"check_val_every_n_epoch": 3})
        self.assertEqual([0, 1, 2, 2], [e[0] for e in callback.epochs])

    def test_limits_in_steps_and_tokens_act_within_an_epoch(self):
        seen = []

        class Seeing(pl.Callback):
            def on_train_batch_start(self, trainer, module, batch, index):
                seen.append(sum(p.requires_grad for p in module.parameters()))

        schedule = {0: {"params": ["model.3.*"], "max_transition_step": 3},
                    1: {"params": ["model.2.*"]}}
        module = Module()
        callback = fl.FinetuningScheduler(schedule)
        self.trainer(callback, Seeing(), max_epochs=1,
                     accumulate_grad_batches=1).fit(module)
        self.assertEqual([2, 2, 2, 4], seen)

    def test_new_optimizer_of_the_users_own(self):
        """A class that only Python knows, and a function as lr_lambda."""
        schedule = {
            0: {"params": ["model.3.*"], "max_transition_epoch": 1},
            1: {"params": ["model.2.*"], "max_transition_epoch": 2,
                "new_optimizer": {"optimizer_init": {
                    "class_path": __name__ + ".Own", "init_args": {"lr": 0.5}}},
                "new_lr_scheduler": {
                    "lr_scheduler_init": {
                        "class_path": "torch.optim.lr_scheduler.LambdaLR",
                        "init_args": {"lr_lambda": lambda epoch: 0.5 ** epoch}},
                    "pl_lrs_cfg": {"interval": "epoch"}}},
            2: {"params": ["model.1.*"]}}
        callback = self.fit(Module(), schedule, restore_best=True)
        self.assertIs(Own, type(self.last.optimizers[0]))
        self.assertEqual(1e-5 * 0.5, callback.epochs[2][2][1])
        self.refused("phase 1: new_optimizer: no.Such cannot be made", schedule={
            0: {"params": ["model.3.*"]},
            1: {"params": ["model.2.*"], "new_optimizer": {
                "optimizer_init": {"class_path": "no.Such", "init_args": {}}}}})

    # ---- Going on from a checkpoint ----------------------------------------------

    def test_resume_gives_the_same_run(self):
        whole, again = Module(), Module()
        self.fit(whole)
        for epoch, depth in ((0, 0), (1, 1), (2, 2)):
            again = Module()
            callback = self.fit(
                again, ckpt="%s/best/epoch=%d.ckpt" % (self.folder, epoch))
            self.assertEqual(3 - epoch, len(callback.epochs))
            for name, value in whole.state_dict().items():
                torch.testing.assert_close(again.state_dict()[name], value,
                                           rtol=0, atol=0, msg=name)
        self.refused("the checkpoint", ckpt=self.folder + "/best/epoch=2.ckpt",
                     max_depth=1)

    # ---- Cases 37 to 39 of finetuning-scheduler's tests ----------------------------

    def test_batch_norm_statistics(self):
        """37: tracked while frozen, or not, as the argument says."""
        counted = {}
        for track in (True, False):
            module = Module(batch_norm=True)
            module.steps = 32
            seen = []

            class Counting(pl.Callback):
                def on_train_epoch_end(self, trainer, pl_module):
                    seen.append(int(pl_module.norm.num_batches_tracked))

            schedule = {0: {"params": ["model.3.*"], "max_transition_epoch": 1},
                        1: {"params": ["norm.*"]}}
            self.fit(module, schedule, frozen_bn_track_running_stats=track,
                     others=[Counting()], options={"max_epochs": 3},
                     restore_best=False)
            counted[track] = seen
        self.assertEqual([32, 64, 96], counted[True])
        self.assertEqual([0, 32, 64], counted[False])

    def test_strategy_flags(self):
        """38: what is not supported is refused, or tried."""
        from lightning.pytorch.strategies import SingleDeviceStrategy

        class Other(SingleDeviceStrategy):
            strategy_name = "single_tpu"

        for allowed in (False, True):
            trainer = self.trainer(
                fl.FinetuningScheduler(PHASES, allow_untested=allowed),
                strategy=Other("cpu"))
            if allowed:
                trainer.fit(Module())
                continue
            with self.assertRaisesRegex(
                    MisconfigurationException, "does not support strategy 'single_tpu'"):
                trainer.fit(Module())
        self.refused("does not shard; use", strategy_adapter_cfg={"fsdp_plan": {}})

    def test_two_optimizers(self):
        """39."""
        module = Module(optimizers=2)
        module.automatic_optimization = False
        self.refused("returned 2 optimizers", module=module)

    # ---- What users get wrong ------------------------------------------------------

    def test_mistakes(self):
        error = self.refused("model.4", schedule={0: {"params": ["model.4.*"]}})
        self.assertIsInstance(error, fts.InvalidScheduleError)
        self.assertEqual("unmatched_entry", error.diagnostics[0].code)
        self.refused("no-file.yaml", schedule="no-file.yaml",
                     kind=fts.InvalidScheduleError)
        self.refused("reinit_lr_cfg is for the implicit", reinit_lr_cfg={
            "lr_scheduler_init": {"class_path": "torch.optim.lr_scheduler.StepLR",
                                  "init_args": {"step_size": 1}}})
        self.refused("has save_top_k=0", others=[
            fl.FTSCheckpoint(monitor="val_loss", save_top_k=0)])
        self.refused("has no monitor", others=[fl.FTSCheckpoint()])
        self.refused("2 EarlyStopping callbacks", others=[
            fl.FTSEarlyStopping("val_loss"), EarlyStopping("val_acc")])
        with self.assertRaisesRegex(MisconfigurationException, "trainer has none"):
            self.trainer(fl.FTSEarlyStopping("val_loss")).fit(Module())
        with self.assertRaisesRegex(
                MisconfigurationException, "custom_strategy_adapters names adapters"):
            fl.FinetuningScheduler(custom_strategy_adapters={"ddp": "a.B"})
        with self.assertRaisesRegex(MisconfigurationException, "backend is 'fast'"):
            fl.FinetuningScheduler(backend="fast")

    def test_a_checkpoint_of_finetuning_scheduler_is_told_apart(self):
        path = self.folder + "/theirs.ckpt"
        self.fit(Module(), options={"max_epochs": 1})
        saved = torch.load(self.folder + "/best/epoch=0.ckpt", weights_only=False)
        key = next(k for k in saved["callbacks"] if "Noting" in k)
        saved["callbacks"][key] = {"fts_metadata": {"current_ckpt_depth": 0}}
        torch.save(saved, path)
        self.refused("written by finetuning_scheduler", ckpt=path)


class Own(torch.optim.SGD):
    """Known to Python alone."""


if __name__ == "__main__":
    unittest.main()
