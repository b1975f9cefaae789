// State of the heap: Kernel::heap.
#pragma once

#include "core/base/list.h"
#include "core/base/lock.h"
#include "core/base/result.h"

namespace litebox {

struct Kernel;

struct HeapState : Pinned {
    static constexpr unsigned class_count = 14;
    struct Class : Pinned {
        Mutex mutex{LockRank::heap};
        ListNode partial{&partial, &partial};  // slabs with a free object
        void push(ListNode& node) {
            node.previous = &partial;
            node.next = partial.next;
            partial.next->previous = &node;
            partial.next = &node;
        }
    };
    Class classes[class_count];
};

/// At boot, after the page allocator.
Result<void> create_heap(Kernel& kernel);
/// What heap_allocate and heap_free are in the sandbox.
void* slab_allocate(usize size);
void slab_free(void* object);

}  // namespace litebox
