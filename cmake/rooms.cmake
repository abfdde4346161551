# SPDX-License-Identifier: Apache-2.0
# How folders become libraries, lists become registries, and *_test.cpp, *_fuzz.cpp become targets.

# The sources of a room: every .cpp of its folder but tests and fuzz targets.
function(pf_sources out folder)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${folder}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz|bench)\\.cpp$")
  set(${out} ${sources} PARENT_SCOPE)
endfunction()

# pf_room(NAME LINK libs...): a library pf_NAME of src/NAME.
function(pf_room name)
  cmake_parse_arguments(arg "" "" "LINK" ${ARGN})
  pf_sources(sources ${name})
  add_library(pf_${name} STATIC ${sources})
  target_link_libraries(pf_${name} PUBLIC ${arg_LINK})
endfunction()

# pf_family(FOLDER TYPE HEADER [LIST stem] LINK libs...): a room whose members are named in FOLDER.list.
# Each name must have its files, each member file must be listed; the registry is generated from the list,
# so a listed name without its constant does not link.
function(pf_family folder type header)
  cmake_parse_arguments(arg "" "LIST" "LINK" ${ARGN})
  if(NOT arg_LIST)
    set(arg_LIST ${folder})
  endif()
  set(list ${CMAKE_SOURCE_DIR}/src/${folder}/${arg_LIST}.list)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${list})
  file(STRINGS ${list} names REGEX "^[a-z]")
  set(needed_probes .h .cpp .msg _test.cpp)
  set(needed_rules .cpp .msg)
  set(needed_render .cpp _test.cpp)
  set(externs "")
  set(pointers "")
  foreach(name IN LISTS names)
    foreach(suffix IN LISTS needed_${folder})
      if(NOT EXISTS ${CMAKE_SOURCE_DIR}/src/${folder}/${name}${suffix})
        message(FATAL_ERROR "src/${folder}/${arg_LIST}.list names '${name}', but src/${folder}/${name}${suffix} is missing")
      endif()
    endforeach()
    string(APPEND externs "extern const ${type} ${name};\n")
    string(APPEND pointers "    &${folder}::${name},\n")
  endforeach()
  pf_check_all_listed(${folder} ${arg_LIST} "${names}")
  set(registry ${PF_GENERATED}/${folder}_registry.cpp)
  file(CONFIGURE OUTPUT ${registry} CONTENT
"// Generated from src/${folder}/${arg_LIST}.list.
#include \"${header}\"
namespace postflight::${folder} {
${externs}}
namespace postflight {
static constexpr const ${type}* kRegistry[] = {
${pointers}};
std::span<const ${type}* const> all_${pf_all_${folder}}() { return kRegistry; }
}
")
  pf_sources(sources ${folder})
  add_library(pf_${folder} STATIC ${sources} ${registry})
  target_link_libraries(pf_${folder} PUBLIC ${arg_LINK})
endfunction()
set(pf_all_probes probes)
set(pf_all_rules rule_families)
set(pf_all_render renderers)

# A file that defines a member but is not listed would be compiled and never run.
function(pf_check_all_listed folder list names)
  pf_sources(sources ${folder})
  foreach(source IN LISTS sources)
    get_filename_component(stem ${source} NAME_WE)
    file(STRINGS ${source} defines REGEX "^extern const (ProbeSpec|RuleFamily|Renderer) ${stem};")
    if(defines AND NOT stem IN_LIST names)
      message(WARNING "src/${folder}/${stem}.cpp is not listed in src/${folder}/${list}.list")
    endif()
  endforeach()
endfunction()

# The catalog: what reads *.msg files (pf_messages), the compiler of them (msgc), and the table it makes.
function(pf_catalog)
  cmake_parse_arguments(arg "" "" "LINK" ${ARGN})
  file(GLOB messages CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/catalog/*.msg
       ${CMAKE_SOURCE_DIR}/src/probes/*.msg ${CMAKE_SOURCE_DIR}/src/rules/*.msg)
  set(reading msg_checks msg_parser msg_writer shell template_parser)
  list(TRANSFORM reading PREPEND ${CMAKE_SOURCE_DIR}/src/catalog/)
  list(TRANSFORM reading APPEND .cpp)
  add_library(pf_messages STATIC ${reading})
  target_link_libraries(pf_messages PUBLIC pf_base)
  add_executable(msgc ${CMAKE_SOURCE_DIR}/src/catalog/msgc.cpp)
  target_link_libraries(msgc PRIVATE pf_messages)
  set(table ${PF_GENERATED}/catalog_table.cpp)
  # The compiler leaves an unchanged table alone, so the stamp is what the build system watches.
  add_custom_command(OUTPUT ${table}.stamp BYPRODUCTS ${table}
                     COMMAND msgc ${table} ${messages} COMMAND ${CMAKE_COMMAND} -E touch ${table}.stamp
                     DEPENDS msgc ${messages} COMMENT "Compiling messages")
  pf_sources(sources catalog)
  list(REMOVE_ITEM sources ${reading} ${CMAKE_SOURCE_DIR}/src/catalog/msgc.cpp)
  add_library(pf_catalog STATIC ${sources} ${table} ${table}.stamp)
  target_link_libraries(pf_catalog PUBLIC pf_messages ${arg_LINK})
endfunction()

# Every *_test.cpp under src/ and tests/ in one program, so that gtest is linked once.
function(pf_tests)
  file(GLOB_RECURSE tests CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/*_test.cpp
       ${CMAKE_SOURCE_DIR}/tests/*.cpp ${CMAKE_SOURCE_DIR}/src/*/testing/*.cpp)
  add_executable(postflight_tests EXCLUDE_FROM_ALL ${tests})
  target_include_directories(postflight_tests PRIVATE tests)
  target_compile_definitions(postflight_tests PRIVATE
    PF_SOURCE_DIR="${CMAKE_SOURCE_DIR}" PF_BINARY="${CMAKE_BINARY_DIR}/postflight")
  target_link_libraries(postflight_tests PRIVATE pf_cli GTest::gtest GTest::gmock GTest::gtest_main rapidcheck)
  add_dependencies(postflight_tests postflight)
endfunction()

# Every *_fuzz.cpp is a libFuzzer program of its own.
function(pf_fuzz_targets)
  if(NOT POSTFLIGHT_FUZZ)
    return()
  endif()
  file(GLOB_RECURSE targets CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/*_fuzz.cpp)
  add_custom_target(fuzz_targets)
  foreach(source IN LISTS targets)
    get_filename_component(name ${source} NAME_WE)
    add_executable(${name} ${source})
    target_link_libraries(${name} PRIVATE pf_cli)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
    add_dependencies(fuzz_targets ${name})
  endforeach()
endfunction()

# bench/*.cpp in one Google Benchmark program.
function(pf_benchmarks)
  if(NOT POSTFLIGHT_BENCH)
    return()
  endif()
  find_package(benchmark REQUIRED)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/*.cpp
       ${CMAKE_SOURCE_DIR}/src/host/testing/*.cpp)
  add_executable(postflight_bench ${sources})
  target_include_directories(postflight_bench PRIVATE bench)
  target_compile_definitions(postflight_bench PRIVATE PF_BINARY="${CMAKE_BINARY_DIR}/postflight"
    PF_TESTDATA="${CMAKE_SOURCE_DIR}/src/probes/testdata")
  add_dependencies(postflight_bench postflight)
  target_link_libraries(postflight_bench PRIVATE pf_cli benchmark::benchmark)
endfunction()
