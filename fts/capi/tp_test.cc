// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Tensor parallelism through the C interface, without autograd: what a plan
// says, the operations at one rank and at two, a session that holds a rank's
// parts, and what a caller may do wrong. The _at functions are tested from
// Python and Rust, which have at::Tensors.
#include "fts/capi/tp.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "fts/capi/communicator.h"
#include "fts/capi/debug.h"
#include "fts/capi/mesh.h"
#include "fts/capi/session.h"
#include "fts/capi/torch.h"
#include "fts/capi/tp_plan.h"

namespace {

std::string Text(fts_string view) { return std::string(view.data, view.size); }

std::string Message(fts_status* status) {
  if (status == nullptr) return "OK";
  const std::string text = Text(fts_status_message(status));
  fts_status_release(status);
  return text;
}

#define ASSERT_FTS_OK(call) ASSERT_EQ(Message(call), "OK")
#define EXPECT_FTS_OK(call) EXPECT_EQ(Message(call), "OK")

constexpr char kModel[] = R"({"format":"fts-model/1","modules":[
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
constexpr char kPlan[] =
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

fts_tensor* Floats(const std::vector<float>& values,
                   const std::vector<int64_t>& shape) {
  return TensorOf(values, shape, FTS_DTYPE_FLOAT32);
}

fts_tensor* Ids(const std::vector<int64_t>& values) {
  return TensorOf(values, {static_cast<int64_t>(values.size())},
                  {FTS_DTYPE_CODE_INT, 64, 1});
}

std::vector<float> Values(const fts_tensor* tensor) {
  fts_tensor_info info;
  EXPECT_FTS_OK(fts_tensor_get_info(tensor, &info));
  std::vector<float> out(static_cast<size_t>(info.num_elements));
  EXPECT_FTS_OK(
      fts_tensor_read(tensor, out.data(), out.size() * sizeof(float)));
  return out;
}

std::vector<int64_t> ShapeOf(const fts_tensor* tensor) {
  fts_tensor_info info;
  EXPECT_FTS_OK(fts_tensor_get_info(tensor, &info));
  return std::vector<int64_t>(info.shape, info.shape + info.rank);
}

constexpr fts_placement kReplicate = {FTS_PLACEMENT_KIND_REPLICATE, 0};
constexpr fts_placement kPartial = {FTS_PLACEMENT_KIND_PARTIAL, 0};
constexpr fts_placement Shard(int32_t dim) {
  return {FTS_PLACEMENT_KIND_SHARD, dim};
}

fts_tp_convert_options Between(fts_placement from, fts_placement to) {
  fts_tp_convert_options options = FTS_TP_CONVERT_OPTIONS_INIT;
  options.from.value = from;
  options.to.value = to;
  options.label = fts_str("here");
  return options;
}

// ---- What a plan says
// ---------------------------------------------------------

bool Is(const fts_placement& placement, int32_t kind, int32_t dim) {
  return placement.kind == kind && placement.dim == dim;
}

TEST(TpPlan, RulesAndParametersAreThere) {
  const Planned planned(2);
  fts_tp_info info;
  ASSERT_FTS_OK(fts_plan_get_tp(planned.plan, &info));
  EXPECT_EQ(info.size, 2);
  EXPECT_EQ(info.loss_parallel, 1);
  EXPECT_EQ(info.sequence_parallel, 1);
  EXPECT_EQ(Text(info.loss_module), "head");
  ASSERT_EQ(info.num_rules, 4u);
  ASSERT_EQ(info.num_parameters, 4u);

  fts_tp_rule rule;
  ASSERT_FTS_OK(fts_plan_get_tp_rule(planned.plan, 0, &rule));
  EXPECT_EQ(Text(rule.module), "embed");
  EXPECT_EQ(Text(rule.class_name), "Embedding");
  EXPECT_EQ(rule.style, FTS_TP_STYLE_ROWWISE);
  EXPECT_EQ(rule.whole, 5);
  EXPECT_EQ(rule.use_local_output, 1);
  EXPECT_EQ(rule.num_inputs, 1u);
  EXPECT_EQ(rule.num_outputs, 1u);
  fts_placement before, after;
  ASSERT_FTS_OK(fts_plan_get_tp_output(planned.plan, 0, 0, &before, &after));
  EXPECT_TRUE(Is(before, FTS_PLACEMENT_KIND_PARTIAL, 0));
  EXPECT_TRUE(Is(after, FTS_PLACEMENT_KIND_REPLICATE, 0));
  ASSERT_FTS_OK(fts_plan_get_tp_input(planned.plan, 2, 0, &before, nullptr));
  EXPECT_TRUE(Is(before, FTS_PLACEMENT_KIND_SHARD, -1));

  fts_tp_parameter parameter;  // by name: down, embed, head, up
  ASSERT_FTS_OK(fts_plan_get_tp_parameter(planned.plan, 0, &parameter));
  EXPECT_EQ(Text(parameter.name), "down.weight");
  EXPECT_TRUE(Is(parameter.placement, FTS_PLACEMENT_KIND_SHARD, 1));
  EXPECT_EQ(parameter.partial_gradient, 0);
  ASSERT_FTS_OK(fts_plan_get_tp_parameter(planned.plan, 3, &parameter));
  EXPECT_EQ(Text(parameter.name), "up.weight");
  EXPECT_TRUE(Is(parameter.placement, FTS_PLACEMENT_KIND_SHARD, 0));
}

TEST(TpPlan, MistakesAreNamed) {
  const Planned planned(2);
  fts_tp_info info;
  fts_tp_rule rule;
  fts_tp_parameter parameter;
  fts_placement place;
  EXPECT_EQ(Message(fts_plan_get_tp(nullptr, &info)),
            "fts_plan_get_tp: plan is NULL");
  EXPECT_EQ(Message(fts_plan_get_tp(planned.plan, nullptr)),
            "fts_plan_get_tp: out is NULL");
  EXPECT_EQ(Message(fts_plan_get_tp_rule(planned.plan, 4, &rule)),
            "fts_plan_get_tp_rule: rule 4 was asked for; there are 4");
  EXPECT_EQ(Message(fts_plan_get_tp_parameter(planned.plan, 9, &parameter)),
            "fts_plan_get_tp_parameter: parameter 9 was asked for; there are "
            "4");
  EXPECT_EQ(Message(fts_plan_get_tp_input(planned.plan, 0, 1, &place, nullptr)),
            "fts_plan_get_tp_input: tensor 1 was asked for; there are 1");
  EXPECT_EQ(
      Message(fts_plan_get_tp_output(planned.plan, 8, 0, &place, nullptr)),
      "fts_plan_get_tp_output: rule 8 was asked for; there are 4");

  fts_plan_options options = FTS_PLAN_OPTIONS_INIT;
  options.tp = 0;
  fts_plan* plan = nullptr;
  EXPECT_EQ(
      Message(fts_plan_resolve_with(planned.model, nullptr, fts_str("{}"),
                                    fts_str("p"), &options, nullptr, &plan)),
      "fts_plan_options: tp is 0; it is the number of ranks along the "
      "mesh's tp dimension, 1 or more");
  options.tp = 2;
  const std::string none =
      Message(fts_plan_resolve_with(planned.model, nullptr, fts_str("{}"),
                                    fts_str("p"), &options, nullptr, &plan));
  EXPECT_NE(none.find("there is no tp_plan"), std::string::npos) << none;
  EXPECT_EQ(plan, nullptr);
}

TEST(TpPlan, ChunksAreThoseOfTorch) {
  int64_t begin = 0, size = 0;
  ASSERT_FTS_OK(fts_tp_chunk(5, 2, 1, &begin, &size));
  EXPECT_EQ(begin, 3);
  EXPECT_EQ(size, 2);
  ASSERT_FTS_OK(fts_tp_chunk(5, 4, 3, &begin, &size));
  EXPECT_EQ(size, 0);
  EXPECT_FTS_OK(fts_tp_chunk(5, 2, 0, nullptr, nullptr));
  EXPECT_EQ(Message(fts_tp_chunk(5, 2, 2, &begin, &size)),
            "fts_tp_chunk: index 2 of 2 parts; it must be from 0 to less than "
            "their number");
  EXPECT_EQ(Message(fts_tp_chunk(-1, 2, 0, &begin, &size)),
            "fts_tp_chunk: whole is -1, which is no size");
}

// ---- One rank
// -----------------------------------------------------------------

class OneRank : public testing::Test {
 protected:
  void SetUp() override { ASSERT_FTS_OK(fts_mesh_create(nullptr, &mesh_)); }
  void TearDown() override { fts_mesh_release(mesh_); }
  fts_mesh* mesh_ = nullptr;
};

TEST_F(OneRank, NothingMoves) {
  int32_t rank = 7, size = 7;
  for (const fts_mesh_dim dim :
       {FTS_MESH_DIM_TP, FTS_MESH_DIM_DP, FTS_MESH_DIM_ALL}) {
    ASSERT_FTS_OK(fts_mesh_get_dim(mesh_, dim, &rank, &size));
    EXPECT_EQ(rank, 0);
    EXPECT_EQ(size, 1);
  }
  fts_tensor* x = Floats({1, 2, 3, 4}, {2, 2});
  fts_tensor* y = nullptr;
  auto options = Between(kPartial, Shard(-1));
  ASSERT_FTS_OK(fts_tp_convert(mesh_, x, &options, &y));
  EXPECT_EQ(Values(y), Values(x));
  fts_tensor_release(y);
  fts_tensor* ids = Ids({1, 0});
  ASSERT_FTS_OK(fts_tp_embedding(mesh_, ids, x, 2, &y));
  EXPECT_EQ(Values(y), (std::vector<float>{3, 4, 1, 2}));
  fts_tensor_release(y);
  double sum = 0;
  int64_t count = 0;
  ASSERT_FTS_OK(fts_tp_cross_entropy(mesh_, x, ids, 2, fts_str("loss"), &sum,
                                     &count, &y));
  const double p = 1 / (1 + std::exp(1.0));  // of the smaller logit
  EXPECT_NEAR(sum, -std::log(1 - p) - std::log(p), 1e-6);
  EXPECT_EQ(count, 2);
  const std::vector<float> gradient = Values(y);
  EXPECT_NEAR(gradient[0], p, 1e-6);
  EXPECT_NEAR(gradient[2], p - 1, 1e-6);
  fts_tensor_release(y);
  EXPECT_FTS_OK(fts_tp_cross_entropy(mesh_, x, ids, 2, fts_str(nullptr),
                                     nullptr, nullptr, nullptr));
  fts_tensor_release(ids);
  fts_tensor_release(x);
}

TEST_F(OneRank, MistakesAreNamed) {
  fts_tensor* x = Floats({1, 2, 3, 4}, {2, 2});
  fts_tensor* ids = Ids({1, 0});
  fts_tensor* wrong = Ids({1, 5});
  fts_tensor* y = nullptr;
  auto options = Between(kReplicate, kReplicate);
  EXPECT_EQ(Message(fts_tp_convert(nullptr, x, &options, &y)),
            "fts_tp_convert: mesh is NULL");
  EXPECT_EQ(Message(fts_tp_convert(mesh_, nullptr, &options, &y)),
            "fts_tp_convert: tensor is NULL");
  EXPECT_EQ(Message(fts_tp_convert(mesh_, x, nullptr, &y)),
            "fts_tp_convert: options is NULL");
  EXPECT_EQ(Message(fts_tp_convert(mesh_, x, &options, nullptr)),
            "fts_tp_convert: out is NULL");
  options.to.value = Shard(2);
  EXPECT_EQ(Message(fts_tp_convert(mesh_, x, &options, &y)),
            "fts_tp_convert: to.value.dim is 2; the tensor has 2 dimensions");
  options.to.value = {9, 0};
  EXPECT_EQ(Message(fts_tp_convert(mesh_, x, &options, &y)),
            "fts_tp_convert: to.value.kind is 9; it must be "
            "FTS_PLACEMENT_KIND_REPLICATE, SHARD or PARTIAL");
  options = Between(kReplicate, kReplicate);
  options.whole = -3;
  EXPECT_EQ(Message(fts_tp_convert(mesh_, x, &options, &y)),
            "fts_tp_convert: whole is -3, which is no size");
  options.struct_size = 8;
  EXPECT_EQ(Message(fts_tp_convert(mesh_, x, &options, &y)).substr(0, 39),
            "fts_tp_convert_options: struct_size is ");

  EXPECT_EQ(Message(fts_tp_embedding(mesh_, x, x, 2, &y)),
            "fts_tp_embedding: ids are of Float; they must be int64");
  EXPECT_EQ(Message(fts_tp_embedding(mesh_, ids, ids, 2, &y)),
            "fts_tp_embedding: the weight is [2]; it must be [rows of this "
            "rank, dim]");
  EXPECT_EQ(Message(fts_tp_embedding(mesh_, ids, x, 3, &y)),
            "fts_tp_embedding: rows of the weight [2, 2] hold 2 entries of the "
            "vocabulary; rank 0 of 1 holds [0, 3) of 3");
  EXPECT_EQ(Message(fts_tp_embedding(mesh_, wrong, x, 2, &y)),
            "fts_tp_embedding: token id 5 is outside the vocabulary of 2; look "
            "at the tokenizer and at the model's vocab_size");
  EXPECT_EQ(Message(fts_tp_cross_entropy(mesh_, x, x, 2, fts_str("l"), nullptr,
                                         nullptr, nullptr)),
            "fts_tp_cross_entropy: labels are of Float; they must be int64");
  EXPECT_EQ(Message(fts_tp_cross_entropy(mesh_, ids, ids, 2, fts_str("l"),
                                         nullptr, nullptr, nullptr)),
            "fts_tp_cross_entropy: logits of Long [2] and labels [2]; logits "
            "are floating and have one dimension more than labels, the last "
            "one");
  EXPECT_EQ(Message(fts_tp_cross_entropy(mesh_, x, ids, 0, fts_str("l"),
                                         nullptr, nullptr, nullptr)),
            "fts_tp_cross_entropy: vocabulary is 0, which is no size");
  // The tag is compared before an address is looked at.
  EXPECT_EQ(Message(fts_tp_embedding_at(
                        mesh_, fts_str("2.1"), reinterpret_cast<const void*>(8),
                        reinterpret_cast<const void*>(8), 2, nullptr))
                .substr(0, 57),
            "fts_tp_embedding_at: the caller's LibTorch is '2.1', this");
  EXPECT_EQ(Message(fts_tp_convert_at(mesh_, fts_torch_tag(), nullptr, &options,
                                      nullptr)),
            "fts_tp_convert_at: at_tensor is NULL");
  EXPECT_EQ(Message(fts_tp_convert_for_readers_at(
                mesh_, fts_torch_tag(), nullptr, &options, nullptr, nullptr)),
            "fts_tp_convert_for_readers_at: at_tensor is NULL");
  EXPECT_EQ(
      Message(fts_tp_cross_entropy_at(mesh_, fts_torch_tag(), nullptr, nullptr,
                                      2, fts_str(""), nullptr, nullptr)),
      "fts_tp_cross_entropy_at: at_logits is NULL");
  EXPECT_EQ(Message(fts_session_token_loss_at(nullptr, fts_torch_tag(), nullptr,
                                              nullptr, nullptr, nullptr)),
            "fts_session_token_loss_at: session is NULL");
  int32_t rank = 0;
  EXPECT_EQ(Message(fts_mesh_get_dim(mesh_, 6, &rank, nullptr)),
            "fts_mesh_get_dim: dim is 6; it must be one of the FTS_MESH_DIM_ "
            "constants");
  EXPECT_EQ(y, nullptr);
  fts_tensor_release(wrong);
  fts_tensor_release(ids);
  fts_tensor_release(x);
}

TEST_F(OneRank, MeshesThatDoNotDivideAreRefused) {
  fts_mesh_options options = FTS_MESH_OPTIONS_INIT;
  options.tp = 2;
  fts_mesh* mesh = nullptr;
  EXPECT_EQ(Message(fts_mesh_create(&options, &mesh)),
            "mesh.tp 2 does not divide the 1 ranks; use a divisor");
  options.tp = -1;
  EXPECT_EQ(Message(fts_mesh_create(&options, &mesh)),
            "fts_mesh_options: tp is -1; it must be a number of ranks, or 0 "
            "for no tensor parallelism");
  EXPECT_EQ(mesh, nullptr);
}

TEST_F(OneRank, AForkedChildAndAReleasedMeshAreRefused) {
  fts_tensor* x = Floats({1}, {1});
  auto options = Between(kReplicate, kReplicate);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    fts_tensor* y = nullptr;
    const std::string told = Message(fts_tp_convert(mesh_, x, &options, &y));
    _exit(told.find("is a forked child") != std::string::npos ? 0 : 1);
  }
  int ended = 0;
  ASSERT_EQ(waitpid(child, &ended, 0), child);
  EXPECT_TRUE(WIFEXITED(ended) && WEXITSTATUS(ended) == 0);
#ifndef __SANITIZE_ADDRESS__
  fts_mesh* gone = nullptr;
  ASSERT_FTS_OK(fts_mesh_create(nullptr, &gone));
  fts_mesh_release(gone);
  fts_tensor* y = nullptr;
  EXPECT_EQ(Message(fts_tp_convert(gone, x, &options, &y)),
            "fts_tp_convert: mesh was released before; retain what is used "
            "later");
#endif
  fts_tensor_release(x);
}

// ---- Two ranks
// ----------------------------------------------------------------

int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  close(fd);
  return ntohs(address.sin_port);
}

// Runs body(rank) in two processes; each must end without a failed expectation.
void OnTwoRanks(const std::function<void(int)>& body) {
  const std::string port = std::to_string(FreePort());
  std::vector<pid_t> children;
  for (int rank = 0; rank < 2; ++rank) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      setenv("RANK", std::to_string(rank).c_str(), 1);
      setenv("LOCAL_RANK", std::to_string(rank).c_str(), 1);
      setenv("WORLD_SIZE", "2", 1);
      setenv("LOCAL_WORLD_SIZE", "2", 1);
      setenv("MASTER_ADDR", "127.0.0.1", 1);
      setenv("MASTER_PORT", port.c_str(), 1);
      body(rank);
      _exit(testing::Test::HasFailure() ? 1 : 0);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int ended = 0;
    ASSERT_EQ(waitpid(child, &ended, 0), child);
    EXPECT_TRUE(WIFEXITED(ended) && WEXITSTATUS(ended) == 0);
  }
}

fts_mesh* MeshOfTwo() {
  fts_mesh_options options = FTS_MESH_OPTIONS_INIT;
  options.tp = 2;
  fts_mesh* mesh = nullptr;
  EXPECT_FTS_OK(fts_mesh_create(&options, &mesh));
  return mesh;
}

TEST(TwoRanks, OperationsEqualThoseOnTheWhole) {
  OnTwoRanks([](int rank) {
    fts_mesh* mesh = MeshOfTwo();
    int32_t at = -1, size = -1;
    ASSERT_FTS_OK(fts_mesh_get_dim(mesh, FTS_MESH_DIM_TP, &at, &size));
    EXPECT_EQ(at, rank);
    EXPECT_EQ(size, 2);
    ASSERT_FTS_OK(fts_mesh_get_dim(mesh, FTS_MESH_DIM_DP, &at, &size));
    EXPECT_EQ(at, 0);
    EXPECT_EQ(size, 1);
    EXPECT_EQ(fts_mesh_rank(mesh), rank);
    EXPECT_EQ(fts_mesh_size(mesh), 2);
    double number = rank + 1;
    ASSERT_FTS_OK(fts_mesh_sum(mesh, &number, 1));
    EXPECT_EQ(number, 3);  // over all ranks
    fts_communicator* comm = nullptr;
    ASSERT_FTS_OK(fts_mesh_get_communicator(mesh, FTS_MESH_DIM_TP, &comm));
    EXPECT_EQ(fts_communicator_size(comm), 2);
    fts_communicator_release(comm);

    // A sum, and a gather of uneven columns.
    fts_tensor* x = Floats({1.0F + rank, 2}, {2});
    fts_tensor* y = nullptr;
    auto options = Between(kPartial, kReplicate);
    ASSERT_FTS_OK(fts_tp_convert(mesh, x, &options, &y));
    EXPECT_EQ(Values(y), (std::vector<float>{3, 4}));
    fts_tensor_release(y);
    fts_tensor_release(x);
    x = rank == 0 ? Floats({0, 1, 10, 11}, {2, 2}) : Floats({2, 12}, {2, 1});
    options = Between(Shard(-1), kReplicate);
    options.whole = 3;
    ASSERT_FTS_OK(fts_tp_convert(mesh, x, &options, &y));
    EXPECT_EQ(Values(y), (std::vector<float>{0, 1, 2, 10, 11, 12}));
    fts_tensor_release(y);
    fts_tensor_release(x);

    // A table of 3 rows, and logits of 3 words.
    x = rank == 0 ? Floats({1, 2}, {2, 1}) : Floats({3}, {1, 1});
    fts_tensor* ids = Ids({2, 0});
    ASSERT_FTS_OK(fts_tp_embedding(mesh, ids, x, 3, &y));
    EXPECT_EQ(Values(y), rank == 0 ? (std::vector<float>{0, 1})
                                   : (std::vector<float>{3, 0}));
    fts_tensor_release(y);
    fts_tensor_release(x);
    const std::vector<double> logits = {0.5, -1, 2};
    double total = 0;
    for (const double l : logits) total += std::exp(l);
    const float two[] = {0.5F, -1};
    x = rank == 0 ? Floats({two[0], two[1], two[0], two[1]}, {2, 2})
                  : Floats({2, 2}, {2, 1});
    double sum = 0;
    int64_t count = 0;
    ASSERT_FTS_OK(fts_tp_cross_entropy(mesh, x, ids, 3, fts_str("loss"), &sum,
                                       &count, &y));
    EXPECT_NEAR(sum, 2 * std::log(total) - logits[2] - logits[0], 1e-5);
    EXPECT_EQ(count, 2);
    const std::vector<float> gradient = Values(y);
    if (rank == 1) {
      EXPECT_NEAR(gradient[0], std::exp(2) / total - 1, 1e-5);
      EXPECT_NEAR(gradient[1], std::exp(2) / total, 1e-5);
    }
    fts_tensor_release(y);
    fts_tensor_release(ids);
    fts_tensor_release(x);
    fts_mesh_release(mesh);
  });
}

TEST(TwoRanks, ASessionHoldsARanksPartsOfWholeValues) {
  OnTwoRanks([](int rank) {
    fts_mesh* mesh = MeshOfTwo();
    const Planned planned(2);
    const char* names[] = {"embed.weight", "up.weight", "down.weight",
                           "down.bias", "head.weight"};
    const std::vector<int64_t> shapes[] = {{5, 4}, {6, 4}, {4, 6}, {4}, {5, 4}};
    const std::vector<int64_t> local[] = {
        {rank == 0 ? 3 : 2, 4}, {3, 4}, {4, 3}, {4}, {rank == 0 ? 3 : 2, 4}};
    fts_tensor* tensors[5];
    std::vector<fts_named_tensor> named;
    std::vector<float> down;
    for (int i = 0; i < 5; ++i) {
      int64_t count = 1;
      for (const int64_t s : shapes[i]) count *= s;
      std::vector<float> values;
      for (int64_t j = 0; j < count; ++j) {
        values.push_back(static_cast<float>(100 * i + j));
      }
      if (i == 2) down = values;
      tensors[i] = Floats(values, shapes[i]);
      named.push_back({fts_str(names[i]), tensors[i]});
    }
    fts_session* session = nullptr;
    ASSERT_FTS_OK(fts_session_create(planned.plan, planned.schedule, mesh,
                                     named.data(), named.size(), nullptr,
                                     nullptr, &session));
    ASSERT_FTS_OK(fts_session_load(session));
    for (int i = 0; i < 5; ++i) EXPECT_EQ(ShapeOf(tensors[i]), local[i]);
    // Columns of the whole.
    const std::vector<float> mine = Values(tensors[2]);
    for (int row = 0; row < 4; ++row) {
      for (int c = 0; c < 3; ++c) {
        EXPECT_EQ(mine[row * 3 + c], down[row * 6 + rank * 3 + c]);
      }
    }
    // Whole values come out.
    ASSERT_FTS_OK(fts_session_for_each_full(
        session,
        [](fts_string name, const fts_tensor* value,
           void* user_data) -> fts_status* {
          if (Text(name) == "down.weight") {
            EXPECT_EQ(Values(value),
                      *static_cast<const std::vector<float>*>(user_data));
          }
          return nullptr;
        },
        &down));
    // A callback must not call the session, nor may another thread.
    struct Meeting {
      fts_session* session;
      std::string told;
    } meeting{session, ""};
    ASSERT_FTS_OK(fts_session_for_each_full(
        session,
        [](fts_string, const fts_tensor*, void* user_data) -> fts_status* {
          auto* m = static_cast<Meeting*>(user_data);
          std::thread([m] {
            m->told = Message(
                fts_session_token_loss_at(m->session, fts_torch_tag(), nullptr,
                                          nullptr, nullptr, nullptr));
          }).join();
          return nullptr;
        },
        &meeting));
    EXPECT_EQ(meeting.told.substr(0, 61),
              "fts_session_token_loss_at: another call on this session is un");
    // And ranges of the whole are asked for.
    struct Asked {
      int rank;
      int64_t count;
    } asked{rank, 0};
    ASSERT_FTS_OK(fts_session_load_from(
        session,
        [](fts_string name, int64_t begin, int64_t end, const fts_tensor* dst,
           void* user_data) -> fts_status* {
          auto* a = static_cast<Asked*>(user_data);
          if (Text(name) == "down.weight") {
            EXPECT_EQ(begin % 6, 3 * a->rank);
            a->count += end - begin;
          }
          const std::vector<float> zeros(static_cast<size_t>(end - begin));
          return fts_tensor_write(dst, zeros.data(),
                                  zeros.size() * sizeof(float));
        },
        &asked));
    EXPECT_EQ(asked.count, 12);
    fts_session_release(session);
    for (fts_tensor* tensor : tensors) fts_tensor_release(tensor);
    fts_mesh_release(mesh);
  });
}

TEST(TwoRanks, APlanForAnotherMeshIsRefused) {
  OnTwoRanks([](int) {
    fts_mesh* mesh = nullptr;
    ASSERT_FTS_OK(fts_mesh_create(nullptr, &mesh));
    const Planned planned(2);
    fts_session* session = nullptr;
    fts_tensor* w = Floats(std::vector<float>(20), {5, 4});
    const fts_named_tensor named = {fts_str("embed.weight"), w};
    EXPECT_NE(
        Message(fts_session_create(planned.plan, planned.schedule, mesh, &named,
                                   1, nullptr, nullptr, &session)),
        "OK");
    EXPECT_EQ(session, nullptr);
    fts_tensor_release(w);
    fts_mesh_release(mesh);
  });
}

}  // namespace
