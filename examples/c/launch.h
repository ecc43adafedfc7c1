// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Starts this program again, once for each rank, with the variables by which
// ranks find each other. torchrun, srun or mpirun do the same.

#ifndef EXAMPLES_C_LAUNCH_H_
#define EXAMPLES_C_LAUNCH_H_

// Waits for all; a rank that fails ends the others. 0 when all returned 0.
int launch_ranks(const char* program, int ranks);

#endif  // EXAMPLES_C_LAUNCH_H_
