# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Who holds weights and gradients under a scheduler."""
