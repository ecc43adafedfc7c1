# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""fts.lightning on two CPU ranks: DDP and ModelParallelStrategy against plain
training of the whole batch. What thaws late must be averaged over the ranks."""

import logging
import os
import sys
import tempfile
import unittest
import warnings

import torch
import two_ranks
from two_ranks import EPOCHS, LR, RANK, RANKS, SCHEDULE, STEPS

if RANKS > 1:
    os.environ["TORCHELASTIC_RUN_ID"] = "two_ranks"  # Lightning looks for it

import lightning.pytorch as pl
from lightning.pytorch.strategies import DDPStrategy, ModelParallelStrategy
from torch.distributed.fsdp import FSDPModule, fully_shard

import fts.lightning as fl

warnings.filterwarnings("ignore")
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)


class Rows(torch.utils.data.Dataset):
    """This rank's rows of the batches of the epoch that the module is in."""

    def __init__(self, module):
        self.module = module

    def __len__(self):
        return STEPS * 8 // RANKS

    def __getitem__(self, index):
        step, row = divmod(index * RANKS + RANK, 8)
        x, y = two_ranks.batch(10 * self.module.current_epoch + step)
        return x[row], y[row]


class Module(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.net = two_ranks.Net()

    def training_step(self, pair, _):
        return two_ranks.loss_of(self.net, pair)

    def validation_step(self, *_):
        self.log("val_loss", float(-self.current_epoch), sync_dist=True)

    def configure_optimizers(self):
        return torch.optim.AdamW(self.parameters(), lr=LR)

    def train_dataloader(self):
        return torch.utils.data.DataLoader(Rows(self), batch_size=8 // RANKS)

    def val_dataloader(self):
        return torch.utils.data.DataLoader(torch.zeros(RANKS, 2))


class ByHand(Module):
    def configure_model(self):
        fully_shard(self.net.blocks[0], mesh=self.device_mesh["data_parallel"])


def schedule():
    return {
        depth: {**phase, "params": ["net." + name for name in phase["params"]]}
        for depth, phase in SCHEDULE.items()
    }


def shared_folder(folder):
    """Rank 0's folder on every rank: both see the same file system."""
    return os.environ.get("FTS_TEST_FOLDER", folder)


def fit(folder, name, ckpt=None, max_epochs=EPOCHS, cfg=None, kind=Module,
        **options):
    module = kind()
    callback = fl.FinetuningScheduler(
        schedule(), log_dir=folder, strategy_adapter_cfg=cfg)
    trainer = pl.Trainer(
        max_epochs=max_epochs, accelerator="cpu", devices=RANKS, logger=False,
        default_root_dir=folder, enable_progress_bar=False,
        enable_model_summary=False, num_sanity_val_steps=0,
        use_distributed_sampler=False,
        callbacks=[callback, fl.FTSEarlyStopping("val_loss", patience=9),
                   fl.FTSCheckpoint(dirpath=os.path.join(folder, name),
                                    monitor="val_loss", save_top_k=-1,
                                    filename="{epoch}")], **options)
    trainer.fit(module, ckpt_path=ckpt)
    values = {}
    for key, parameter in module.net.named_parameters():
        value = parameter.detach()
        if hasattr(value, "full_tensor"):
            value = value.full_tensor()
        values[key] = value.clone()
    return values, callback


class RanksTest(unittest.TestCase):
    def check(self, values, what):
        _, wanted = two_ranks.plain_training()
        for name, value in wanted.items():
            torch.testing.assert_close(
                values[name], value, rtol=2e-4, atol=2e-6,
                msg=lambda text, n=name: "%s: %s: %s" % (what, n, text))

    @unittest.skipIf(RANKS == 1, "two ranks")
    def test_ddp(self):
        """All three phases, and once more from the checkpoint of phase 1."""
        folder = shared_folder("")
        values, callback = fit(folder, "ddp", strategy=DDPStrategy(
            process_group_backend="gloo"))
        self.assertEqual(2, callback.curr_depth)
        self.check(values, "ddp")
        path = os.path.join(folder, "ddp", "epoch=1.ckpt")
        again, callback = fit(folder, "ddp2", ckpt=path, strategy=DDPStrategy(
            process_group_backend="gloo"))
        self.assertEqual(2, callback.curr_depth)
        self.check(again, "ddp resumed")

    @unittest.skipIf(RANKS == 1, "two ranks")
    def test_model_parallel(self):
        """A plan without the root: what it leaves out is averaged too."""
        folder = shared_folder("")
        cfg = {"fsdp_plan": {"net.head": {}, r"net\.blocks\.\d*$": {}}}
        strategy = ModelParallelStrategy(
            data_parallel_size=2, tensor_parallel_size=1,
            process_group_backend="gloo")
        values, callback = fit(folder, "mp", cfg=cfg, strategy=strategy)
        self.assertEqual(2, callback.curr_depth)
        kinds = {type(p).__name__ for p in callback.pl_module.parameters()}
        self.assertEqual({"DTensor", "Parameter"}, kinds | {"DTensor"})
        self.check(values, "model parallel")
        path = os.path.join(folder, "mp", "epoch=1.ckpt")
        again, callback = fit(
            folder, "mp2", ckpt=path, cfg=cfg, strategy=ModelParallelStrategy(
                data_parallel_size=2, tensor_parallel_size=1,
                process_group_backend="gloo"))
        self.assertEqual(2, callback.curr_depth)
        self.check(again, "model parallel resumed")

    @unittest.skipIf(RANKS == 1, "two ranks")
    def test_model_parallel_sharded_by_hand(self):
        """The module's own configure_model shards a block; the plan adds what it
        did not, and leaves out what it did."""
        cfg = {"fsdp_plan": {r"net\.blocks\.\d*$": {}}}
        values, callback = fit(
            shared_folder(""), "hand", cfg=cfg, kind=ByHand,
            strategy=ModelParallelStrategy(
                data_parallel_size=2, tensor_parallel_size=1,
                process_group_backend="gloo"))
        blocks = callback.pl_module.net.blocks
        self.assertTrue(all(isinstance(b, FSDPModule) for b in blocks))
        self.check(values, "by hand")

    @unittest.skipIf(RANKS > 1, "one process")
    def test_two_ranks(self):
        with tempfile.TemporaryDirectory() as folder:
            os.environ["FTS_TEST_FOLDER"] = folder
            two_ranks.run_two_ranks(self, __file__)
            self.assertTrue(os.path.isdir(os.path.join(folder, "mp", "epoch=1.ckpt")))

    @unittest.skipIf(RANKS > 1, "one process")
    def test_one_device(self):
        with tempfile.TemporaryDirectory() as folder:
            values, _ = fit(folder, "one")
        self.check(values, "one device")


if __name__ == "__main__":
    program = unittest.main(exit=False, verbosity=2 if RANKS > 1 else 1)
    sys.stdout.flush()
    sys.stderr.flush()
    if RANKS > 1:
        # Gloo may abort in the interpreter's own exit.
        os._exit(0 if program.result.wasSuccessful() else 1)
    sys.exit(not program.result.wasSuccessful())
