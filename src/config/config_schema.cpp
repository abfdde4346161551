// SPDX-License-Identifier: Apache-2.0
#include "config/config_schema.h"

#include "config/settings_checks.h"
#include "model/codec.h"
#include "model/settings.h"

namespace postflight {
namespace {

bool is_container(const Json& schema) {
  const auto type = schema.find("type");
  return type != schema.end() && (*type == "object" || *type == "array");
}

/// A file names what it changes: nothing is required and nothing unknown is taken.
void adapt(Json& schema) {
  schema.erase("required");
  if (const auto fields = schema.find("properties"); fields != schema.end()) {
    for (Json& field : *fields) {
      adapt(field);
      // A key may stand without content, all its entries commented out.
      if (is_container(field)) field["type"] = Json::array({field["type"], "null"});
    }
    schema["additionalProperties"] = false;
  }
  if (const auto items = schema.find("items"); items != schema.end()) adapt(*items);
}

/// The default values, where a field has one; containers are empty by default.
void add_defaults(Json& properties, const Json& values) {
  for (const auto& [name, value] : values.items()) {
    Json& field = properties.at(name);
    if (field.contains("properties")) {
      add_defaults(field["properties"], value);
    } else if (!value.is_object()) {
      field["default"] = value;
    }
  }
}

void add_threshold_ranges(Json& properties) {
  for (const auto& [name, field] : properties.items()) {
    field["exclusiveMinimum"] = 0;
    if (name.ends_with("_ratio")) field["maximum"] = 1;
  }
}

void add_credential_rules(Json& credential) {
  credential["required"] = {"component"};
  credential["oneOf"] =
      Json::array({{{"required", {"password_env"}}}, {{"required", {"password_file"}}}});
  Json& fields = credential["properties"];
  fields["component"]["minLength"] = 1;
  fields["password_env"]["pattern"] = "^[A-Za-z_][A-Za-z0-9_]*$";
  fields["password_file"]["pattern"] = "^/.*[^/]$";
}

}  // namespace

Json config_schema() {
  Json schema = {{"$schema", "http://json-schema.org/draft-07/schema#"},
                 {"title", "Configuration of Postflight (postflight.yaml)"}};
  schema.update(schema_of<Settings>());
  adapt(schema);
  Json& fields = schema["properties"];
  add_defaults(fields, to_json(Settings{}));
  fields["timeout"]["default"] = duration_text(Settings{}.timeout);
  fields["lang"].erase("default");  // without the key the locale decides
  add_threshold_ranges(fields["thresholds"]["properties"]);
  add_credential_rules(fields["credentials"]["items"]);
  fields["only"]["items"]["minLength"] = 1;
  fields["skip"]["items"]["minLength"] = 1;
  fields["public_names"]["items"]["pattern"] = "^[^\\s/:@_*]+[^\\s/:@_*.]$|^[^\\s/:@_*.]$";
  fields["public_names"]["items"]["maxLength"] = 253;
  return schema;
}

}  // namespace postflight
