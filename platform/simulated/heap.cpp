// The core's heap in hosted builds: malloc, counted, and able to fail.
#include "core/base/heap.h"

#include <cstdlib>

#include "platform/simulated/machine.h"

namespace litebox {

void* heap_allocate(usize size) {
    if (hosted_block == nullptr) return std::malloc(size);
    return simulated::machine().allocate(size);
}

void heap_free(void* object) {
    if (hosted_block == nullptr) return std::free(object);
    simulated::machine().release(object);
}

}  // namespace litebox
