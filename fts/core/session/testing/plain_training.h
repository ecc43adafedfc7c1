// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What a session's values are held against: the toy model trained by plain
// autograd in one process, without sharding, groups or schedule, through the
// same update kernels, so that one rank must agree bit for bit. Testing only.
// Threads: confined to one thread each.
#ifndef FTS_CORE_SESSION_TESTING_PLAIN_TRAINING_H_
#define FTS_CORE_SESSION_TESTING_PLAIN_TRAINING_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fts/core/session/testing/toy_model.h"

namespace fts::testing {

// Every piece is the parameters with one prefix, under a rate of their own. For
// bits they must lie side by side in one segment, alone or as one group.
class PlainTraining {
 public:
  // `samples`: of one step, which a session spreads over its ranks.
  explicit PlainTraining(int64_t samples = 1);

  bool sgd = false;  // with momentum 0.9; else AdamW

  void Thaw(const std::string& prefix, double lr, double decay = 0.1);
  void Freeze(const std::string& prefix);
  void SetLr(const std::string& prefix, double lr) { Find(prefix).lr = lr; }
  // A new optimizer: state of every piece starts afresh.
  void Restart(double decay);

  // Returns the loss. Clips to `clip` with the norm that the session measured,
  // for bits; *norm is set to what is measured here.
  double Step(std::optional<double> clip = std::nullopt,
              double measured_norm = 0, double* norm = nullptr);
  std::map<std::string, at::Tensor> Values() const;

 private:
  struct Piece {
    std::string prefix;
    double lr = 0, decay = 0;
    std::vector<at::Tensor> tensors, state;
    int64_t step = 0;
  };
  Piece& Find(const std::string& prefix);
  double Backward();
  double Norm() const;
  void Update(Piece& piece, at::Tensor value, at::Tensor gradient);

  const int64_t samples_;
  ToyModel model_;
  std::vector<Piece> pieces_;
  int64_t step_ = 0;
};

}  // namespace fts::testing

#endif  // FTS_CORE_SESSION_TESTING_PLAIN_TRAINING_H_
