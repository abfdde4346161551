# SPDX-License-Identifier: Apache-2.0
# The lab's own programs: the backend that runs in its container, and the tests of the lab.

# pf_lab(): advakod_backend of lab/backend, lab_tests of every *_test.cpp below lab/.
function(pf_lab)
  if(NOT POSTFLIGHT_LAB)
    return()
  endif()
  # Debian builds this library with options that change its classes; only pkg-config knows them.
  pkg_check_modules(HTTPLIB REQUIRED IMPORTED_TARGET cpp-httplib)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/lab/backend/*.cpp)
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  add_executable(advakod_backend EXCLUDE_FROM_ALL ${sources})
  target_include_directories(advakod_backend PRIVATE lab)
  target_link_libraries(advakod_backend PRIVATE PkgConfig::LIBPQ PkgConfig::HIREDIS
    nlohmann_json::nlohmann_json fmt::fmt PkgConfig::HTTPLIB)
  set_target_properties(advakod_backend PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lab)

  file(GLOB_RECURSE tests CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/lab/*_test.cpp
       ${CMAKE_SOURCE_DIR}/lab/testing/*.cpp ${CMAKE_SOURCE_DIR}/src/host/testing/*.cpp)
  add_executable(lab_tests EXCLUDE_FROM_ALL ${tests})
  target_include_directories(lab_tests PRIVATE lab)
  target_compile_definitions(lab_tests PRIVATE
    PF_SOURCE_DIR="${CMAKE_SOURCE_DIR}" PF_BINARY="${CMAKE_BINARY_DIR}/postflight"
    PF_LAB_BACKEND="${CMAKE_BINARY_DIR}/lab/advakod_backend")
  target_link_libraries(lab_tests PRIVATE pf_host GTest::gtest GTest::gmock GTest::gtest_main)
  add_dependencies(lab_tests postflight advakod_backend)
endfunction()
