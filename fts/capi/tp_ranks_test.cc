// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Tensor parallelism through the C interface at two ranks, without autograd:
// the operations, and a session that holds a rank's parts. The test forks
// itself.
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
#include "fts/capi/mesh.h"
#include "fts/capi/session.h"
#include "fts/capi/torch.h"
#include "fts/capi/tp_testutil.h"

namespace fts_tp_test {
namespace {

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
}  // namespace fts_tp_test
