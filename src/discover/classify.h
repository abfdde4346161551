// SPDX-License-Identifier: Apache-2.0
// What a service probably speaks, from tables: first by the program that listens, then by the
// port's number. Pure; looks at nothing. A guess only decides which probe asks. Source: IANA
// service names and port numbers; the defaults of the programs named.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "model/topology.h"

namespace postflight {

/// The likely protocol of a port that `programs` (may be empty: unknown) hold. `certain` where the
/// program itself speaks nothing else there; then another answer is a fault. The protocol is empty
/// where nothing suggests one, or where the program is known to speak something no probe should
/// answer to.
Guess guess_protocol(std::span<const Program> programs, Transport transport, std::uint16_t port);

/// Databases, caches, queues and the Docker API: what strangers should not reach, by protocol.
bool is_data_service(std::string_view protocol);

/// As above for a service as discovered; knows also those that speak HTTP (Elasticsearch, Qdrant,
/// InfluxDB, …) by their program or, where that is not known, their port.
bool is_data_service(const Service& service);

}  // namespace postflight
