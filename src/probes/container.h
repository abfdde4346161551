// SPDX-License-Identifier: Apache-2.0
// What is looked at on one container. The probe `docker` asks its engine about it and looks at its
// first process in /proc; nothing is executed inside. Values of its environment are not kept, but
// for a few that hold no secret. Source: Docker Engine API, ContainerInspect; proc(5).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/observed.h"

namespace postflight {

/// A port of the container that the engine passes on.
struct PublishedPort {
  std::string host_address;
  std::uint32_t host_port = 0;
  std::uint32_t container_port = 0;
  std::string protocol;
};
// clang-format off
PF_DESCRIBE(PublishedPort,
  (host_address, "Address of this machine; 0.0.0.0 or :: is every address."),
  (host_port, "Port of this machine; 0 where the engine is to choose one at the start."),
  (container_port, "Port inside the container to which it leads."),
  (protocol, "tcp, udp or sctp."))
// clang-format on

/// A network the container is in.
struct ContainerNetwork {
  std::string name;
  std::string address;
  std::string subnet;
  std::string gateway;
  std::string aliases;
};
// clang-format off
PF_DESCRIBE(ContainerNetwork,
  (name, "Name of the network."),
  (address, "Address of the container in it; empty while it does not run."),
  (subnet, "Subnet of the network, from the address and its prefix."),
  (gateway, "Address of the machine in it."),
  (aliases, "Names under which others in it find the container, with commas between."))
// clang-format on

/// One variable of the environment.
struct EnvironmentVariable {
  std::string name;
  std::string value;
};
// clang-format off
PF_DESCRIBE(EnvironmentVariable,
  (name, "Name of the variable."),
  (value, "Its value where it is one of a few names that hold no secret, such as TZ; otherwise empty."))
// clang-format on

/// A host that the environment names.
struct EnvironmentHost {
  std::string variable;
  std::string scheme;
  std::string host;
  std::uint32_t port = 0;
};
// clang-format off
PF_DESCRIBE(EnvironmentHost,
  (variable, "Name of the variable."),
  (scheme, "Scheme of the URL that it holds; empty where it holds a bare host name."),
  (host, "Host in it."),
  (port, "Port in it; 0 where it names none."))
// clang-format on

/// One time that the health check was carried out.
struct HealthLogEntry {
  std::string checked_at;
  double took_seconds = 0;
  std::int64_t exit_code = 0;
  std::string output;
};
// clang-format off
PF_DESCRIBE(HealthLogEntry,
  (checked_at, "When it ended."),
  (took_seconds, "How long it took."),
  (exit_code, "Its exit code; -1 where it could not be carried out."),
  (output, "What it printed, as far as the engine keeps it; cut to 500 bytes."))
// clang-format on

/// How the health check is carried out.
struct HealthSettings {
  double interval_seconds = 0;
  double timeout_seconds = 0;
  double start_period_seconds = 0;
  std::uint64_t retries = 0;
};
// clang-format off
PF_DESCRIBE(HealthSettings,
  (interval_seconds, "Time between two checks; 30 s unless set."),
  (timeout_seconds, "Time that one check may take; 30 s unless set."),
  (start_period_seconds, "Time after the start in which failures do not count; 0 unless set."),
  (retries, "Failures in a row that make the container unhealthy; 3 unless set."))
// clang-format on

/// Something of the machine that is mounted into the container.
struct ContainerMount {
  std::string type;
  std::string source;
  std::string destination;
  bool writable = false;
};
// clang-format off
PF_DESCRIBE(ContainerMount,
  (type, "bind, volume, tmpfs, …"),
  (source, "Path on this machine."),
  (destination, "Path in the container."),
  (writable, "The container may write to it."))
// clang-format on

/// A mount whose source on the machine is not any more what the container holds.
struct StaleMount {
  std::string destination;
  std::string source;
  bool folder = false;
  bool deleted = false;
  bool writable = false;
};
// clang-format off
PF_DESCRIBE(StaleMount,
  (destination, "Path in the container."),
  (source, "Path on this machine."),
  (folder, "It is a folder; otherwise a file."),
  (deleted, "What the container holds has no name any more; otherwise there is another one at the source now."),
  (writable, "The container may write to it."))
// clang-format on

struct ContainerFacts {
  Required<std::string> state;
  Fact<std::string> status;
  Fact<std::string> engine;
  Fact<std::string> id;
  Fact<std::int64_t> pid;
  Fact<std::string> image;
  Fact<std::string> image_id;
  Fact<std::string> image_now_id;
  Fact<std::string> created_at;
  Fact<bool> created_before_upgrade;
  Fact<std::string> started_at;
  Fact<double> running_seconds;
  Fact<std::string> finished_at;
  Fact<double> stopped_seconds;
  Fact<std::int64_t> exit_code;
  Fact<std::string> error;
  Fact<std::string> last_log;
  Fact<std::string> restart_policy;
  Fact<std::uint64_t> restart_limit;
  Fact<std::uint64_t> restarts_total;
  Fact<std::string> started_by;
  Fact<std::string> health;
  Fact<std::uint64_t> health_failing_streak;
  Fact<std::vector<std::string>> health_command;
  Fact<std::vector<HealthLogEntry>> health_log;
  Fact<std::vector<HealthSettings>> health_settings;
  Fact<bool> health_from_image;
  Fact<bool> oom_killed;
  Fact<std::uint64_t> oom_kills_total;
  Fact<std::uint64_t> memory_used_bytes;
  Fact<std::uint64_t> memory_limit_bytes;
  Fact<std::vector<PublishedPort>> ports;
  Fact<std::string> network_mode;
  Fact<std::vector<ContainerNetwork>> networks;
  Fact<std::vector<std::string>> extra_hosts;
  Fact<std::vector<std::string>> hosts_file_names;
  Fact<std::vector<EnvironmentVariable>> environment;
  Fact<std::vector<EnvironmentHost>> environment_hosts;
  Fact<std::vector<ContainerMount>> mounts;
  Fact<std::vector<StaleMount>> stale_mounts;
  Fact<std::string> working_directory;
  Fact<bool> working_directory_deleted;
  Fact<std::string> compose_project;
  Fact<std::string> compose_service;
  Fact<std::string> compose_version;
  Fact<bool> compose_one_off;
  Fact<std::vector<std::string>> compose_files;
  Fact<std::vector<std::string>> compose_files_missing;
  Fact<bool> compose_service_defined;
  Fact<std::string> log_driver;
  Fact<std::string> log_limit;
  Fact<std::uint64_t> log_size_bytes;
};
// clang-format off
PF_DESCRIBE(ContainerFacts,
  (state, "State.Status: created, running, paused, restarting, removing, exited or dead; gone where it was removed while it was looked at."),
  (status, "The engine's own words for it, as docker ps shows them."),
  (engine, "Component id of its engine."),
  (id, "Its id, 64 digits."),
  (pid, "State.Pid: its first process as seen from this machine; absent where none runs."),
  (image, "Config.Image: the name it was created from."),
  (image_id, "Image: id of the image it was created from."),
  (image_now_id, "Id of the image that has this name now; absent where none has."),
  (created_at, "Created."),
  (created_before_upgrade, "It was created before the program file of dockerd was last put in place (ctime of /proc/PID/exe)."),
  (started_at, "State.StartedAt; absent where it never was."),
  (running_seconds, "Time since its start; absent where it does not run."),
  (finished_at, "State.FinishedAt of the last run; absent where none has ended."),
  (stopped_seconds, "Time since the end of its last run; absent where it runs or never ran."),
  (exit_code, "State.ExitCode of its last run; absent where it runs or never ran."),
  (error, "State.Error: why the engine could not start it; absent where there is none."),
  (last_log, "The last lines of its log, at most 1,000 bytes; looked at only where it does not simply run."),
  (restart_policy, "HostConfig.RestartPolicy.Name: no, on-failure, always or unless-stopped."),
  (restart_limit, "HostConfig.RestartPolicy.MaximumRetryCount; 0 is without a limit."),
  (restarts_total, "RestartCount: restarts by the policy since it was last started on purpose."),
  (started_by, "Who starts it instead of its policy: the unit in the label PODMAN_SYSTEMD_UNIT, or --rm where it is removed when it ends (HostConfig.AutoRemove); absent elsewhere."),
  (health, "State.Health.Status: starting, healthy or unhealthy; absent where it has no health check."),
  (health_failing_streak, "State.Health.FailingStreak: failures in a row."),
  (health_command, "Config.Healthcheck.Test; begins with CMD or CMD-SHELL."),
  (health_log, "State.Health.Log: the last checks, the latest one first."),
  (health_settings, "Config.Healthcheck Interval, Timeout, StartPeriod and Retries, with the engine's defaults for what is not set; one row."),
  (health_from_image, "The health check is the one its image brings along."),
  (oom_killed, "State.OOMKilled: its last run was ended for want of memory."),
  (oom_kills_total, "Processes in its cgroup that were killed for want of memory since its start."),
  (memory_used_bytes, "Memory of its cgroup without the page cache that can be dropped, as docker stats counts."),
  (memory_limit_bytes, "HostConfig.Memory; absent where there is no limit."),
  (ports, "Published ports: as they are while it runs, otherwise as they are asked for."),
  (network_mode, "HostConfig.NetworkMode: a network's name, host, none or container:ID."),
  (networks, "Networks it is in."),
  (extra_hosts, "HostConfig.ExtraHosts: entries put into its /etc/hosts."),
  (hosts_file_names, "Names in its /etc/hosts, the file HostsPath; absent while it has none."),
  (environment, "Names of its environment variables; values only of a few that hold no secret."),
  (environment_hosts, "Hosts that its environment names in URLs and in variables called HOST."),
  (mounts, "What of the machine is mounted into it."),
  (stale_mounts, "Mounts whose source was deleted or replaced after its start: root ends with //deleted in /proc/PID/mountinfo, no links left, or another device and inode at the source."),
  (working_directory, "Config.WorkingDir; absent where it is /."),
  (working_directory_deleted, "/proc/PID/cwd of its first process ends with (deleted)."),
  (compose_project, "Label com.docker.compose.project; absent where Compose did not make it."),
  (compose_service, "Label com.docker.compose.service."),
  (compose_version, "Label com.docker.compose.version."),
  (compose_one_off, "Label com.docker.compose.oneoff: made by docker compose run."),
  (compose_files, "Label com.docker.compose.project.config_files, as whole paths."),
  (compose_files_missing, "Those of them that do not exist any more."),
  (compose_service_defined, "One of these files has a line that begins with the service's name; absent where a file cannot be read or includes others."),
  (log_driver, "HostConfig.LogConfig.Type."),
  (log_limit, "HostConfig.LogConfig.Config max-size; absent where the log has no limit."),
  (log_size_bytes, "Size of the log file that is being written, LogPath; absent where it is not kept in one."))
// clang-format on

}  // namespace postflight
