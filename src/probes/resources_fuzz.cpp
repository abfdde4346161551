// SPDX-License-Identifier: Apache-2.0
// Any bytes as any of the kernel's texts that the probe reads.
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "host/kernel_log.h"
#include "host/mounts.h"
#include "host/process_memory.h"
#include "probes/resources.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postflight;
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  if (const auto mounts = host::parse_mountinfo(text)) (void)host::real_file_systems(*mounts);
  (void)host::parse_kernel_record(text);
  (void)host::parse_process_status(text);
  (void)parse_meminfo(text);
  (void)parse_loadavg(text);
  (void)parse_pressure(text);
  (void)count_cpu_list(text);
  (void)parse_uptime(text);
  (void)parse_counter(text, "oom_kill");
  (void)parse_arcstats(text);
  (void)parse_file_nr(text);
  (void)parse_os_release(text, "PRETTY_NAME");
  (void)zone_from_link(text);
  (void)parse_oom_kill(text);
  (void)parse_oom_cgroup(text, 1);
  (void)parse_kernel_release(text);
  (void)is_newer_kernel(text.substr(0, size / 2), text.substr(size / 2));
  host::FileSystemNumbers numbers;
  if (size >= sizeof numbers) {
    std::memcpy(&numbers, data, sizeof numbers);
    (void)space_use(numbers);
  }
  return 0;
}
