// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#define _POSIX_C_SOURCE 200809L
#include "examples/c/launch.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kMaxRanks = 16 };

// A port that is free now; 0 when there is none.
static int free_port(void) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  int port = 0;
  if (fd >= 0 && bind(fd, (struct sockaddr*)&address, size) == 0 &&
      getsockname(fd, (struct sockaddr*)&address, &size) == 0) {
    port = ntohs(address.sin_port);
  }
  if (fd >= 0) close(fd);
  return port;
}

static void set_number(const char* name, int value) {
  char text[16];
  snprintf(text, sizeof text, "%d", value);
  setenv(name, text, 1);
}

int launch_ranks(const char* program, int ranks) {
  pid_t children[kMaxRanks];
  const int port = free_port();
  if (ranks < 1 || ranks > kMaxRanks || port == 0) {
    fprintf(stderr, "cannot start %d ranks\n", ranks);
    return 1;
  }
  for (int rank = 0; rank < ranks; ++rank) {
    children[rank] = fork();
    if (children[rank] == 0) {
      set_number("RANK", rank);
      set_number("LOCAL_RANK", rank);
      set_number("WORLD_SIZE", ranks);
      set_number("LOCAL_WORLD_SIZE", ranks);
      set_number("MASTER_PORT", port);
      setenv("MASTER_ADDR", "127.0.0.1", 1);
      execl(program, program, (char*)NULL);
      perror(program);
      _exit(127);
    }
  }
  int failed = 0;
  for (int left = ranks; left > 0; --left) {
    int how = 0;
    const pid_t ended = wait(&how);
    for (int rank = 0; rank < ranks; ++rank) {
      if (children[rank] == ended) children[rank] = -1;
    }
    if (WIFEXITED(how) && WEXITSTATUS(how) == 0) continue;
    failed = 1;
    for (int rank = 0; rank < ranks; ++rank) {
      if (children[rank] > 0) kill(children[rank], SIGTERM);
    }
  }
  return failed;
}
