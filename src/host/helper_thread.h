// SPDX-License-Identifier: Apache-2.0
// A second pair of hands within one call, for work in the kernel that takes long in sum and never
// waits. Not for looking at something that may hang: a thread cannot be killed, only its process
// (docs/adr/0002, 0011).
#pragma once

#include <pthread.h>

#include <cstddef>
#include <functional>
#include <optional>

namespace postflight::host {

/// Runs `work` beside its maker, who waits for it in the destructor. The stack is small, for it
/// counts towards the memory of a task. Where no thread can be made, nothing happens: the maker
/// must be able to do everything himself. `work` must not throw.
class HelperThread {
 public:
  explicit HelperThread(std::function<void()> work);
  ~HelperThread();
  HelperThread(const HelperThread&) = delete;
  HelperThread& operator=(const HelperThread&) = delete;

 private:
  std::function<void()> work_;
  std::optional<pthread_t> thread_;
};

/// How many helpers are worth making: one less than there are processors for this process, three
/// at most, since other tasks want to work as well.
std::size_t useful_helpers();

}  // namespace postflight::host
