# litebox_sandboxed_room(NAME sources...): the room's sources twice.
#   NAME         freestanding objects, for the sandbox image
#   NAME_hosted  the same sources as ordinary C++ for unit tests and fuzzers, under LITEBOX_SANITIZE
function(litebox_sandboxed_room name)
  add_library(${name} OBJECT ${ARGN})
  target_compile_options(${name} PRIVATE ${LITEBOX_FREESTANDING_FLAGS}
    $<$<COMPILE_LANGUAGE:CXX>:${LITEBOX_FREESTANDING_CXX_FLAGS}>)
  litebox_hosted_library(${name}_hosted ${ARGN})
endfunction()

# litebox_hosted_library(NAME sources...): an ordinary static library that honours LITEBOX_SANITIZE.
function(litebox_hosted_library name)
  add_library(${name} STATIC EXCLUDE_FROM_ALL ${ARGN})
  target_compile_options(${name} PRIVATE -fno-strict-aliasing)
  litebox_sanitize(${name})
endfunction()

function(litebox_sanitize target)
  if(LITEBOX_SANITIZE)
    target_compile_options(${target} PUBLIC -fsanitize=${LITEBOX_SANITIZE} -fno-omit-frame-pointer
      -fno-sanitize-recover=all)
    target_link_options(${target} PUBLIC -fsanitize=${LITEBOX_SANITIZE})
  endif()
  if(LITEBOX_FUZZ)
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
endfunction()
