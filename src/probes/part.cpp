// SPDX-License-Identifier: Apache-2.0
#include "probes/part.h"

#include "base/text.h"
#include "model/codec.h"

namespace postflight {

PartSink::PartSink(FactSink& task, Part part) : task_(task) {
  part.component_id = printable_utf8(part.component_id);
  part.name = printable_utf8(part.name);
  prefix_ = part.component_id + kPartSeparator;
  task_.put(kPartKey, dump_json(to_json(part)));
}

void PartSink::put(std::string_view key, std::string_view json) {
  task_.put(prefix_ + std::string(key), json);
}

}  // namespace postflight
