// SPDX-License-Identifier: Apache-2.0
// The words of commands that reach the service a component stands for, wherever it runs: on the
// machine, in a container, behind Docker's forwarder. Pure.
#pragma once

#include <string>
#include <vector>

#include "rules/rule.h"

namespace postflight::rules {

using Words = std::vector<std::string>;

/// The service of the component at hand; null where the facts do not name it.
const Service* service_of(const JudgeContext& context);

/// The service that listens at this endpoint; null where the facts do not name it.
const Service* service_at(const JudgeContext& context, const std::string& endpoint);

/// Name of the service's first program, /proc/PID/comm; empty where it is not known.
std::string program_of(const Service* service);

/// Its process id; 0 where it is not known.
std::int32_t pid_of(const Service* service);

/// The first 12 digits of the id of the Docker container it runs in; empty where it runs in none.
std::string container_of(const Service* service);

/// What to call that container in a command: its name where the facts hold it, else as above.
std::string container_called(const JudgeContext& context, const Service* service);

/// The unit of this machine's systemd it runs in, "nginx.service"; empty where it runs in none, in
/// a user's, in a container, or in a unit of a system that this machine carries.
std::string unit_of(const Service* service);

/// The same, where restarting it concerns little else; empty for the daemons of containers and for
/// D-Bus, which take others down with them.
std::string restartable_unit_of(const Service* service);

/// True where it runs in a system of its own (LXC, systemd-nspawn, a virtual machine): files, units
/// and logs of this machine are not its own.
bool is_of_another_system(const Service* service);

/// True where docker-proxy listens for a server in a container: what is done to files, programs and
/// settings on the machine does not concern that server.
bool is_published_by_docker(const Service* service);

/// `words`, carried out in the service's container where it runs in one.
Words in_container_of(const Service* service, Words words);
/// The same with the container's name, where the facts hold it.
Words in_container_of(const JudgeContext& context, const Service* service, Words words);

/// `words`, carried out where the service's sockets are seen.
Words in_network_of(const Service* service, Words words);

/// Shows the last lines of the service's log. Empty where that is not on this machine: behind
/// docker-proxy, in another system.
Words log_command(const Service* service, const std::string& lines);
/// The same with the container's name, where the facts hold it.
Words log_command(const JudgeContext& context, const Service* service, const std::string& lines);

}  // namespace postflight::rules
