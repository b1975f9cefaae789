#include "core/base/heap.h"

#include "core/base/lock.h"
#include "core/base/string.h"
#include "core/kernel.h"
#include "core/memory/heap_state.h"
#include "core/memory/page_allocator.h"

namespace litebox {

namespace {

constexpr unsigned slab_order = 2;
constexpr usize slab_size = page_size << slab_order;
constexpr u16 class_sizes[] = {16, 32, 48, 64, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 4032};
static_assert(sizeof(class_sizes) / sizeof(class_sizes[0]) == HeapState::class_count);

struct FreeObject {
    FreeObject* next;
};

/// At the beginning of each slab; objects follow. Slabs stay with their class for good.
struct Slab {
    ListNode node;
    FreeObject* free;
    u32 free_count;  // the untouched ones too
    u32 class_index;
    u64 untouched;  // from this offset on no object was ever handed out: nor are its pages asked for before
    u64 padding[3];
};
static_assert(sizeof(Slab) == 64);

unsigned class_of(usize size) {
    unsigned index = 0;
    while (class_sizes[index] < size) index++;
    return index;
}

Slab* slab_of(void* object) {
    return reinterpret_cast<Slab*>(reinterpret_cast<u64>(object) & ~(u64{slab_size} - 1));
}

Slab* make_slab(unsigned class_index) {
    u8* memory = kernel().pages->allocate(slab_order, PageUse::slab, false);
    if (memory == nullptr) return nullptr;
    auto* slab = new (memory) Slab{};
    slab->class_index = class_index;
    slab->untouched = sizeof(Slab);
    slab->free_count = static_cast<u32>((slab_size - sizeof(Slab)) / class_sizes[class_index]);
    return slab;
}

void* allocate_small(unsigned class_index) {
    auto& heap = kernel().heap->classes[class_index];
    LockGuard guard(heap.mutex);
    if (heap.partial.next == &heap.partial) {
        Slab* slab = make_slab(class_index);
        if (slab == nullptr) return nullptr;
        heap.push(slab->node);
    }
    auto* slab = reinterpret_cast<Slab*>(heap.partial.next);
    FreeObject* object = slab->free;
    if (object != nullptr) {
        slab->free = object->next;
    } else {
        object = reinterpret_cast<FreeObject*>(reinterpret_cast<u8*>(slab) + slab->untouched);
        slab->untouched += class_sizes[class_index];
    }
    if (--slab->free_count == 0) slab->node.unlink();
    return object;
}

}  // namespace

Result<void> create_heap(Kernel& kernel) {
    u8* memory = kernel.pages->allocate(0, PageUse::large, true);
    static_assert(sizeof(HeapState) <= page_size);
    if (memory == nullptr) return Errno::enomem;
    kernel.heap = new (memory) HeapState;
    return {};
}

void* slab_allocate(usize size) {
    constexpr usize largest_small = class_sizes[HeapState::class_count - 1];
    if (size <= largest_small) return allocate_small(class_of(size));
    unsigned order = 0;
    while (order <= PageAllocator::largest_order && page_size << order < size) order++;
    if (order > PageAllocator::largest_order) return nullptr;
    return kernel().pages->allocate(order, PageUse::large, false);
}

void slab_free(void* object) {
    PageAllocator& pages = *kernel().pages;
    if (pages.use_of(object) == PageUse::large) return pages.free(object);
    Slab* slab = slab_of(object);
    auto& heap = kernel().heap->classes[slab->class_index];
    auto* freed = static_cast<FreeObject*>(object);
    LockGuard guard(heap.mutex);
    freed->next = slab->free;
    slab->free = freed;
    if (slab->free_count++ == 0) heap.push(slab->node);
}

#ifdef LITEBOX_FREESTANDING
void* heap_allocate(usize size) {
    return slab_allocate(size);
}
void heap_free(void* object) {
    slab_free(object);
}
#endif

}  // namespace litebox

#ifdef LITEBOX_FREESTANDING
// Deleting destructors of classes with virtual functions name these; objects are freed by heap_free alone.
void operator delete(void*) noexcept {
    __builtin_trap();
}
void operator delete(void*, std::size_t) noexcept {
    __builtin_trap();
}
#endif
