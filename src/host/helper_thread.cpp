// SPDX-License-Identifier: Apache-2.0
#include "host/helper_thread.h"

#include <sched.h>

#include <algorithm>

namespace postflight::host {
namespace {

constexpr std::size_t kStackBytes = 256 * 1024;
constexpr int kMostHelpers = 3;

void* run(void* work) {
  (*static_cast<std::function<void()>*>(work))();
  return nullptr;
}

}  // namespace

HelperThread::HelperThread(std::function<void()> work) : work_(std::move(work)) {
  pthread_attr_t attributes;
  if (::pthread_attr_init(&attributes) != 0) return;
  pthread_t thread;
  if (::pthread_attr_setstacksize(&attributes, kStackBytes) == 0 &&
      ::pthread_create(&thread, &attributes, run, &work_) == 0) {
    thread_ = thread;
  }
  ::pthread_attr_destroy(&attributes);
}

HelperThread::~HelperThread() {
  if (thread_) ::pthread_join(*thread_, nullptr);
}

std::size_t useful_helpers() {
  cpu_set_t processors;
  if (::sched_getaffinity(0, sizeof processors, &processors) != 0) return 0;
  return static_cast<std::size_t>(std::clamp(CPU_COUNT(&processors) - 1, 0, kMostHelpers));
}

}  // namespace postflight::host
