// SPDX-License-Identifier: Apache-2.0
// `postflight schema report|facts|config`: JSON Schema from the declarations themselves.
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/output_file.h"
#include "cli/schemas.h"
#include "config/config_schema.h"
#include "model/codec.h"
#include "model/component.h"
#include "model/report.h"
#include "probes/probe.h"

namespace postflight::cli {
namespace {

Json with_head(Json schema, const char* title) {
  Json out = {{"$schema", "http://json-schema.org/draft-07/schema#"}, {"title", title}};
  out.update(schema);
  return out;
}

/// The facts of each kind of component, so that a consumer knows which keys to expect where.
Json facts_by_probe() {
  Json definitions = Json::object();
  for (const ProbeSpec* probe : all_probes()) {
    Json properties = Json::object();
    for (const FactDeclaration& fact : probe->facts()) {
      Json schema = fact.schema();
      schema["description"] = fact.doc;
      properties[std::string(fact.key)] = std::move(schema);
    }
    definitions[std::string(probe->id)] = {
        {"type", "object"}, {"description", probe->summary}, {"properties", std::move(properties)}};
  }
  return definitions;
}

/// Adds the probes' facts to a schema whose components name their probe.
Json with_facts(Json schema) {
  Json cases = Json::array();
  for (const ProbeSpec* probe : all_probes()) {
    const std::string id(probe->id);
    cases.push_back({{"if", {{"properties", {{"probe", {{"const", id}}}}}}},
                     {"then", {{"properties", {{"facts", {{"$ref", "#/definitions/" + id}}}}}}}});
  }
  schema["properties"]["components"]["items"]["allOf"] = std::move(cases);
  schema["definitions"] = facts_by_probe();
  return schema;
}

}  // namespace

Json report_schema() {
  return with_facts(with_head(schema_of<Report>(), "Report of postflight check"));
}

Json facts_schema() {
  return with_facts(with_head(schema_of<FactsDocument>(), "Facts saved by postflight check"));
}

int run_schema(const SchemaArguments& arguments) {
  const Json schema = arguments.document == "report"  ? report_schema()
                      : arguments.document == "facts" ? facts_schema()
                                                      : config_schema();
  return write_stdout(dump_json_pretty(schema) + "\n") ? 0 : kExitInternal;
}

}  // namespace postflight::cli
