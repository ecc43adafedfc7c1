// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// [Note: Ctrl-C while waiting for other ranks]
// Python runs signal handlers between bytecodes, so a call that waits inside
// the library would not notice one. While the main thread is in such a call,
// SIGINT comes to a handler of ours, which wakes a thread; that aborts the
// mesh, the call returns with an error, and the signal is given to Python after
// all. The peers of an aborted mesh stop too, with an error that says why.
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "bindings/python/src/errors.h"

namespace fts_python {
namespace {

struct State {
  sem_t wake;
  std::mutex mutex;          // of mesh
  fts_mesh* mesh = nullptr;  // that the main thread waits on
  struct sigaction python;   // the handler that was there
};

State& state() {
  static auto* state = new State;
  return *state;
}

std::atomic<bool> interrupted{false};
std::atomic<pthread_t> main_thread{};

void OnSigint(int) {
  interrupted.store(true);
  sem_post(&state().wake);
}

void AbortWhenWoken() {
  // Signals are for the other threads.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  for (;;) {
    while (sem_wait(&state().wake) != 0) {
    }
    const std::lock_guard<std::mutex> lock(state().mutex);
    if (state().mesh == nullptr) continue;
    constexpr char kReason[] = "interrupted (SIGINT)";
    fts_status_release(
        fts_mesh_abort(state().mesh, {kReason, sizeof(kReason) - 1}));
  }
}

// The first call in this process; again in a forked child, which has no thread.
void Start() {
  static std::mutex* once = new std::mutex;
  static pid_t started = 0;
  const std::lock_guard<std::mutex> lock(*once);
  if (started == getpid()) return;
  started = getpid();
  sem_init(&state().wake, 0, 0);
  std::thread(AbortWhenWoken).detach();
}

}  // namespace

Interruptible::Interruptible(fts_mesh* mesh) {
  if (mesh == nullptr || fts_mesh_size(mesh) == 1) return;
  if (!pthread_equal(pthread_self(), main_thread.load())) return;
  Start();
  {
    const std::lock_guard<std::mutex> lock(state().mutex);
    if (state().mesh != nullptr) return;  // a call inside a call
    state().mesh = mesh;
  }
  struct sigaction ours = {};
  ours.sa_handler = OnSigint;
  sigemptyset(&ours.sa_mask);
  ours.sa_flags = SA_RESTART;
  sigaction(SIGINT, &ours, &state().python);
  armed_ = true;
}

Interruptible::~Interruptible() {
  if (!armed_) return;
  sigaction(SIGINT, &state().python, nullptr);
  const std::lock_guard<std::mutex> lock(state().mutex);
  state().mesh = nullptr;
}

void Interruptible::RaiseIfInterrupted() {
  if (!interrupted.exchange(false)) return;
  PyErr_SetInterrupt();
  if (PyErr_CheckSignals() != 0) throw py::error_already_set();
}

void BindInterrupt(py::module_& m) {
  m.def(
      "set_main_thread", [] { main_thread.store(pthread_self()); },
      "Ctrl-C interrupts calls of this thread from now on.");
}

}  // namespace fts_python
