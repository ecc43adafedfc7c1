// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What the tests of tensor parallelism share: a plan, tensors of numbers.
#ifndef FTS_CAPI_TP_TESTUTIL_H_
#define FTS_CAPI_TP_TESTUTIL_H_

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fts/capi/tp.h"

namespace fts_tp_test {

inline std::string Text(fts_string view) {
  return std::string(view.data, view.size);
}

inline std::string Message(fts_status* status) {
  if (status == nullptr) return "OK";
  const std::string text = Text(fts_status_message(status));
  fts_status_release(status);
  return text;
}

#define ASSERT_FTS_OK(call) ASSERT_EQ(Message(call), "OK")
#define EXPECT_FTS_OK(call) EXPECT_EQ(Message(call), "OK")

inline constexpr char kModel[] = R"({"format":"fts-model/1","modules":[
  {"name":"","class":"Net","container":false},
  {"name":"embed","class":"Embedding","container":false},
  {"name":"up","class":"Linear","container":false},
  {"name":"down","class":"Linear","container":false},
  {"name":"head","class":"Linear","container":false}],
 "parameters":[
  {"name":"embed.weight","shape":[5,4],"dtype":"float32","shared_with":null},
  {"name":"up.weight","shape":[6,4],"dtype":"float32","shared_with":null},
  {"name":"down.weight","shape":[4,6],"dtype":"float32","shared_with":null},
  {"name":"down.bias","shape":[4],"dtype":"float32","shared_with":null},
  {"name":"head.weight","shape":[5,4],"dtype":"float32","shared_with":null}]})";
inline constexpr char kPlan[] =
    "tp_plan: {embed: rowwise, up: colwise, down: rowwise, head: colwise}\n"
    "loss_parallel: true\n";

struct Planned {
  fts_model* model = nullptr;
  fts_schedule* schedule = nullptr;
  fts_plan* plan = nullptr;

  explicit Planned(int tp) {
    EXPECT_FTS_OK(
        fts_model_parse(fts_str(kModel), fts_str("m"), nullptr, &model));
    EXPECT_FTS_OK(fts_schedule_resolve(model, fts_str("0: {params: ['.*']}"),
                                       fts_str("s"), nullptr, nullptr,
                                       &schedule));
    fts_plan_options options = FTS_PLAN_OPTIONS_INIT;
    options.tp = tp;
    EXPECT_FTS_OK(fts_plan_resolve_with(model, schedule, fts_str(kPlan),
                                        fts_str("p"), &options, nullptr,
                                        &plan));
  }
  ~Planned() {
    fts_plan_release(plan);
    fts_schedule_release(schedule);
    fts_model_release(model);
  }
};

template <typename T>
fts_tensor* TensorOf(const std::vector<T>& values, std::vector<int64_t> shape,
                     fts_dtype dtype) {
  auto* kept = new std::vector<T>(values);
  fts_tensor* out = nullptr;
  EXPECT_FTS_OK(fts_tensor_from_host(
      kept->data(), shape.data(), shape.size(), dtype,
      [](void* data) { delete static_cast<std::vector<T>*>(data); }, kept,
      &out));
  return out;
}

inline fts_tensor* Floats(const std::vector<float>& values,
                          const std::vector<int64_t>& shape) {
  return TensorOf(values, shape, FTS_DTYPE_FLOAT32);
}

inline fts_tensor* Ids(const std::vector<int64_t>& values) {
  return TensorOf(values, {static_cast<int64_t>(values.size())},
                  {FTS_DTYPE_CODE_INT, 64, 1});
}

inline std::vector<float> Values(const fts_tensor* tensor) {
  fts_tensor_info info;
  EXPECT_FTS_OK(fts_tensor_get_info(tensor, &info));
  std::vector<float> out(static_cast<size_t>(info.num_elements));
  EXPECT_FTS_OK(
      fts_tensor_read(tensor, out.data(), out.size() * sizeof(float)));
  return out;
}

inline std::vector<int64_t> ShapeOf(const fts_tensor* tensor) {
  fts_tensor_info info;
  EXPECT_FTS_OK(fts_tensor_get_info(tensor, &info));
  return std::vector<int64_t>(info.shape, info.shape + info.rank);
}

inline constexpr fts_placement kReplicate = {FTS_PLACEMENT_KIND_REPLICATE, 0};
inline constexpr fts_placement kPartial = {FTS_PLACEMENT_KIND_PARTIAL, 0};
constexpr fts_placement Shard(int32_t dim) {
  return {FTS_PLACEMENT_KIND_SHARD, dim};
}

inline fts_tp_convert_options Between(fts_placement from, fts_placement to) {
  fts_tp_convert_options options = FTS_TP_CONVERT_OPTIONS_INIT;
  options.from.value = from;
  options.to.value = to;
  options.label = fts_str("here");
  return options;
}

}  // namespace fts_tp_test

#endif  // FTS_CAPI_TP_TESTUTIL_H_
