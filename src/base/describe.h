// SPDX-License-Identifier: Apache-2.0
// PF_DESCRIBE: one declaration per struct gives its JSON, its JSON Schema and its documentation.
//
// A struct is described right after its definition, with one sentence for each field:
//
//   struct Mount {
//     std::string mount_point;
//     std::uint64_t size_bytes = 0;
//   };
//   PF_DESCRIBE(Mount,
//     (mount_point, "Where the file system is mounted."),
//     (size_bytes, "Size of the file system."))
//
// A name that is not a field does not compile. Boost.Describe does the reflection; what it lacks,
// the sentence, is kept by field_docs(), found by argument-dependent lookup.
#pragma once

#include <array>
#include <boost/describe.hpp>
#include <boost/preprocessor/seq/enum.hpp>
#include <boost/preprocessor/seq/transform.hpp>
#include <boost/preprocessor/tuple/elem.hpp>
#include <boost/preprocessor/variadic/to_seq.hpp>
#include <string_view>

#define PF_FIELD_NAME(s, data, field) BOOST_PP_TUPLE_ELEM(0, field)
#define PF_FIELD_DOC(s, data, field) std::string_view(BOOST_PP_TUPLE_ELEM(1, field))
#define PF_EACH_FIELD(op, ...) \
  BOOST_PP_SEQ_ENUM(BOOST_PP_SEQ_TRANSFORM(op, _, BOOST_PP_VARIADIC_TO_SEQ(__VA_ARGS__)))

#define PF_DESCRIBE(Type, ...)                                                 \
  BOOST_DESCRIBE_STRUCT(Type, (), (PF_EACH_FIELD(PF_FIELD_NAME, __VA_ARGS__))) \
  inline constexpr auto field_docs(const Type*) {                              \
    return std::array{PF_EACH_FIELD(PF_FIELD_DOC, __VA_ARGS__)};               \
  }

/// Enumerators appear in JSON under their own names without the leading `k`, in snake_case.
#define PF_DESCRIBE_ENUM(Type, ...) BOOST_DESCRIBE_ENUM(Type, __VA_ARGS__)
