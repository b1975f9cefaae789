// The upcall with which a platform that patches system calls asks what it patches.

#include "core/file/file.h"
#include "core/task/thread.h"

namespace litebox {

bool upcall::text_at(u64 address, Text& text) {
    Thread* thread = current_thread();
    if (thread == nullptr || !thread->space) return false;
    auto mapping = thread->space->text_at(address);
    if (!mapping.file) return false;
    auto attributes = mapping.file->inode()->attributes();
    if (!attributes.ok()) return false;
    constexpr u64 nanoseconds_per_second = 1000000000;
    auto stamp = [](const Timestamp& time) {
        return static_cast<u64>(time.seconds) * nanoseconds_per_second + time.nanoseconds;
    };
    const Attributes& file = attributes.value();
    text = {mapping.begin,
            mapping.end,
            mapping.image,
            {file.device, file.inode, file.size, stamp(file.modify), stamp(file.change)},
            mapping.room};
    return true;
}

}  // namespace litebox
