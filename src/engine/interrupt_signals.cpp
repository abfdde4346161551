// SPDX-License-Identifier: Apache-2.0
#include "engine/interrupt_signals.h"

#include <sys/signalfd.h>

namespace postflight {
namespace {

bool is_ignored(int number) {
  struct sigaction action{};
  return ::sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

InterruptSignals::InterruptSignals() {
  struct sigaction standard{};
  standard.sa_handler = SIG_DFL;
  ::sigaction(SIGCHLD, &standard, &child_before_);
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    if (!is_ignored(number)) sigaddset(&set, number);
  }
  fd_ = host::FileDescriptor{::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)};
  // Without the descriptor nobody would read a blocked signal: better to die of it.
  if (!fd_) sigemptyset(&set);
  ::sigprocmask(SIG_BLOCK, &set, &mask_before_);
}

InterruptSignals::~InterruptSignals() {
  signalfd_siginfo info;
  while (::read(fd_.get(), &info, sizeof info) > 0) {
  }
  ::sigprocmask(SIG_SETMASK, &mask_before_, nullptr);
  ::sigaction(SIGCHLD, &child_before_, nullptr);
}

}  // namespace postflight
