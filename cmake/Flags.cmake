# Compiler flags, in one place: what every target gets, what the sandboxed (freestanding) code gets,
# and what the hosted copies of the same sources get under sanitizers.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_EXTENSIONS ON) # TRY is a statement expression
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()
set(LITEBOX_SANITIZE "" CACHE STRING "Sanitizers for hosted targets, e.g. address,undefined or thread")
set(LITEBOX_FUZZ OFF CACHE BOOL "Build fuzzers, and everything with the coverage that they steer by (clang only)")
if(LITEBOX_SANITIZE)
  # Built to be run once: what compiling takes counts as much as how fast it runs.
  set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -gline-tables-only")
else()
  set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g")
endif()
set(CMAKE_C_FLAGS_RELWITHDEBINFO ${CMAKE_CXX_FLAGS_RELWITHDEBINFO})

# Builds give the same bits wherever the tree lies.
add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}=. -Wall -Wextra -Werror -Wno-missing-field-initializers)
add_compile_options($<$<AND:$<CXX_COMPILER_ID:Clang>,$<COMPILE_LANGUAGE:CXX>>:-Wthread-safety>)
add_link_options(-Wl,--build-id=sha1)
include_directories(${CMAKE_SOURCE_DIR})

set(LITEBOX_FREESTANDING_FLAGS
  -ffreestanding -mno-red-zone -fPIE -fvisibility=hidden
  -fstack-protector-strong -mstack-protector-guard=tls -mstack-protector-guard-reg=gs
  -mstack-protector-guard-offset=40 -ftrivial-auto-var-init=zero -fno-strict-aliasing
  -fno-asynchronous-unwind-tables -fno-unwind-tables -fcf-protection=none -fno-math-errno
  -ffunction-sections -fdata-sections -DLITEBOX_FREESTANDING=1)
# General registers only. To clang that also means no `long double`, which libstdc++'s headers name without using it.
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  list(APPEND LITEBOX_FREESTANDING_FLAGS -mno-mmx -mno-sse)
else()
  list(APPEND LITEBOX_FREESTANDING_FLAGS -mgeneral-regs-only)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 16)
  list(APPEND LITEBOX_FREESTANDING_FLAGS
    -enable-trivial-auto-var-init-zero-knowing-it-will-be-removed-from-clang)
endif()
# Without vector registers the compiler clears and copies with string instructions, whose start takes longer than all of a
# structure on a call's path; a loop of stores does not.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  list(APPEND LITEBOX_FREESTANDING_FLAGS
    -mmemset-strategy=unrolled_loop:384:noalign,rep_8byte:8192:noalign,libcall:-1:noalign
    -mmemcpy-strategy=unrolled_loop:384:noalign,rep_8byte:8192:noalign,libcall:-1:noalign)
endif()
set(LITEBOX_FREESTANDING_CXX_FLAGS -fno-exceptions -fno-rtti -fno-threadsafe-statics -Wframe-larger-than=1024)
