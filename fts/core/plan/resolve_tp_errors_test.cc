// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
