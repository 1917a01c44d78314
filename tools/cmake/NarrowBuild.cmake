# Build rules shared by every folder, and by the project test/fuzz.
#
# All C++ is compiled with the same flags so that one precompiled header (the
# MLIR headers, which cost 11 s a file) serves every target. -fPIC is given as
# a plain flag: CMake's POSITION_INDEPENDENT_CODE gives libraries and programs
# different flags, and the header is then rejected.
get_filename_component(NARROW_ROOT ${CMAKE_CURRENT_LIST_DIR}/../.. ABSOLUTE)
find_program(NARROW_CCACHE ccache)
if(NARROW_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${NARROW_ROOT} CCACHE_NOHASHDIR=1 ${NARROW_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${NARROW_CCACHE})
endif()

set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)

# -ffp-contract=off: the arithmetic of Numerics and Reference is what it says;
# a fused multiply-add is written std::fma.
add_compile_options(-fPIC -Wall -Wextra -Wno-unused-parameter -ffp-contract=off)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fpch-instantiate-templates>
                      "$<$<COMPILE_LANGUAGE:CXX>:SHELL:-Xclang -fno-pch-timestamp>")
endif()
add_link_options(-fuse-ld=lld -Wl,--as-needed)
include_directories(${NARROW_ROOT}/include ${CMAKE_BINARY_DIR}/include)
include_directories(SYSTEM ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
separate_arguments(NARROW_LLVM_DEFINITIONS NATIVE_COMMAND ${LLVM_DEFINITIONS})
add_definitions(${NARROW_LLVM_DEFINITIONS})

# narrow_add_library(Name [MLIR] [DEPENDS target...] [LINK lib...])
# A static library of every .cpp in the current folder. MLIR: uses the shared
# precompiled header and links MLIR and LLVM.
function(narrow_add_library name)
  cmake_parse_arguments(ARG "MLIR" "" "DEPENDS;LINK" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PUBLIC ${ARG_LINK})
  if(ARG_MLIR)
    narrow_use_mlir(${name})
  endif()
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
endfunction()

function(narrow_use_mlir name)
  target_precompile_headers(${name} REUSE_FROM NarrowPch)
  target_link_libraries(${name} PUBLIC MLIR LLVM)
  add_dependencies(${name} NarrowTableGen)
endfunction()

# narrow_add_tool(name [PLUGINS] [LINK lib...]): a driver of every .cpp in the folder.
# PLUGINS: it loads some, which take the narrow dialect from it.
function(narrow_add_tool name)
  cmake_parse_arguments(ARG "PLUGINS" "" "LINK" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE ${ARG_LINK})
  set_target_properties(${name} PROPERTIES ENABLE_EXPORTS ${ARG_PLUGINS})
  narrow_use_mlir(${name})
endfunction()

# narrow_add_unittest(name [MLIR] LINK lib...): GoogleTest programs named
# *Tests are found by lit.
function(narrow_add_unittest name)
  cmake_parse_arguments(ARG "MLIR" "" "LINK" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  add_executable(${name} ${sources})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/test/unit)
  target_link_libraries(${name} PRIVATE ${ARG_LINK} GTest::gtest_main)
  if(ARG_MLIR)
    narrow_use_mlir(${name})
  endif()
  set_property(GLOBAL APPEND PROPERTY NARROW_UNITTESTS ${name})
endfunction()

# narrow_tablegen(file.td out.inc args...): writes below the build's include/; each
# folder ends with add_public_tablegen_target.
macro(narrow_tablegen td out)
  set(LLVM_TARGET_DEFINITIONS ${td})
  mlir_tablegen(${out} ${ARGN} EXTRA_INCLUDES ${NARROW_ROOT}/include)
endmacro()
