// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Include it in tests that run Gloo ranks as threads of one process.
//
// LibTorch notes every collective in one flight recorder per process, which is
// not safe when several threads issue collectives on different groups at once:
// such tests crash now and then. Real ranks are processes with one issuing
// thread. This turns the recorder off before its first use.
#ifndef FTS_CORE_COMM_TESTING_NO_FLIGHT_RECORDER_H_
#define FTS_CORE_COMM_TESTING_NO_FLIGHT_RECORDER_H_

#include <cstdlib>

namespace fts::comm::testing {

inline const bool kFlightRecorderOff =
    setenv("TORCH_FR_BUFFER_SIZE", "0", /*overwrite=*/1) == 0;

}  // namespace fts::comm::testing

#endif  // FTS_CORE_COMM_TESTING_NO_FLIGHT_RECORDER_H_
