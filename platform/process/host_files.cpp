// Granted host files: requests to the opener over the file ring, and reads straight from descriptor slots.

#include "platform/host_files.h"

#include "core/base/string.h"
#include "platform/process/abi/rings.h"
#include "platform/process/abi/start_block.h"
#include "platform/process/host.h"
#include "platform/process/state.h"

namespace litebox::platform {

using namespace process;

namespace {

/// A slot of the ring while one request is made.
class Exchange {
  public:
    Exchange(FileOperation operation, u32 grant) : slot_(acquire()) {
        slot_.request = {};
        slot_.request.operation = operation;
        slot_.request.grant = grant;
        slot_.request.slot = no_host_slot;
        slot_.request.room = FileSlot::data_size;
    }
    ~Exchange() {
        slot_.state.store(FileSlot::free, std::memory_order_release);
        (void)unpark_waiters();
    }
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    FileRequest& request() { return slot_.request; }
    const FileReply& reply() const { return slot_.reply; }
    const u8* data() const { return slot_.data; }

    /// Texts go one after another into the data; ENAMETOOLONG when they do not fit.
    Result<void> add(std::string_view text, u32& length) {
        if (text.size() > FileSlot::data_size - used_) return Errno::enametoolong;
        memcpy(slot_.data + used_, text.data(), text.size());
        length = static_cast<u32>(text.size());
        used_ += length;
        return {};
    }
    Result<void> name(std::string_view path) { return add(path, slot_.request.first_length); }

    Result<void> perform() {
        FileRing& ring = sandbox().rings->files;
        slot_.state.store(FileSlot::posted, std::memory_order_release);
        ring.bell.fetch_add(1, std::memory_order_seq_cst);
        if (ring.sleeping.load(std::memory_order_seq_cst) != 0) (void)host::wake(ring.bell, 1);
        for (;;) {
            u32 state = slot_.state.load(std::memory_order_acquire);
            if (state == FileSlot::answered) break;
            (void)park(slot_.state, state, no_deadline);
        }
        i32 error = slot_.reply.error;
        if (error != 0) return static_cast<Errno>(error);
        return {};
    }

  private:
    static FileSlot& acquire() {
        FileRing& ring = sandbox().rings->files;
        for (;;) {
            u32 turn = sandbox().file_turn.load(std::memory_order_acquire);
            for (FileSlot& slot : ring.slots) {
                u32 expected = FileSlot::free;
                if (slot.state.compare_exchange_strong(expected, FileSlot::filling)) return slot;
            }
            (void)park(sandbox().file_turn, turn, no_deadline);
        }
    }
    static Result<void> unpark_waiters() {
        sandbox().file_turn.fetch_add(1, std::memory_order_release);
        unpark(sandbox().file_turn, 1);
        return {};
    }
    FileSlot& slot_;
    u32 used_ = 0;
};

Result<void> simple(FileOperation operation, u32 grant, std::string_view path, u32 flags = 0) {
    Exchange exchange(operation, grant);
    TRY(exchange.name(path));
    exchange.request().flags = flags;
    return exchange.perform();
}

}  // namespace

Result<HostNode> host_open(u32 grant, std::string_view path, u32 want) {
    Exchange exchange(FileOperation::open, grant);
    TRY(exchange.name(path));
    exchange.request().flags = want;
    TRY(exchange.perform());
    return exchange.reply().node;
}

Result<HostListing> host_list(u32 grant, std::string_view path, u64 position, u32 want,
                              std::span<u8> records) {
    Exchange exchange(FileOperation::list, grant);
    TRY(exchange.name(path));
    exchange.request().position = position;
    exchange.request().flags = want;
    exchange.request().room = static_cast<u32>(min<usize>(records.size(), FileSlot::data_size));
    TRY(exchange.perform());
    usize bytes = min<usize>(exchange.reply().bytes, records.size());
    memcpy(records.data(), exchange.data(), bytes);
    return HostListing{bytes, exchange.reply().end != 0};
}

Result<usize> host_read_link(u32 grant, std::string_view path, std::span<char> to) {
    Exchange exchange(FileOperation::read_link, grant);
    TRY(exchange.name(path));
    TRY(exchange.perform());
    usize bytes = min<usize>(exchange.reply().bytes, to.size());
    memcpy(to.data(), exchange.data(), bytes);
    return bytes;
}

Result<usize> host_read(int slot, void* to, usize length, u64 offset) {
    return host::checked(
        host::call(host::nr_pread64, static_cast<u64>(slot), reinterpret_cast<u64>(to), length, offset));
}

Result<usize> host_read_user(int slot, u64 to, usize length, u64 offset) {
    const SpaceLimits& limits = sandbox().limits;
    u64 end;
    if (!checked_add<u64>(to, length, &end) || to < limits.lowest || end > limits.end) return Errno::efault;
    if (to < limits.reserved_end && limits.reserved_begin < end) return Errno::efault;
    return host::checked(host::call(host::nr_pread64, static_cast<u64>(slot), to, length, offset));
}

Result<HostAttributes> host_attributes(int slot) {
    Exchange exchange(FileOperation::attributes, 0);
    exchange.request().slot = slot;
    TRY(exchange.perform());
    return exchange.reply().node.attributes;
}

void host_release(int slot) {
    Exchange exchange(FileOperation::release, 0);
    exchange.request().slot = slot;
    (void)exchange.perform();
}

Result<HostNode> host_create(u32 grant, std::string_view path, u32 mode) {
    Exchange exchange(FileOperation::create, grant);
    TRY(exchange.name(path));
    exchange.request().flags = mode;
    TRY(exchange.perform());
    return exchange.reply().node;
}

Result<HostNode> host_create_symlink(u32 grant, std::string_view path, std::string_view target) {
    Exchange exchange(FileOperation::create_symlink, grant);
    TRY(exchange.name(path));
    TRY(exchange.add(target, exchange.request().second_length));
    TRY(exchange.perform());
    return exchange.reply().node;
}

namespace {
Result<void> two_names(FileOperation operation, u32 grant, std::string_view from, std::string_view to,
                       u32 flags) {
    Exchange exchange(operation, grant);
    TRY(exchange.name(from));
    TRY(exchange.add(to, exchange.request().second_length));
    exchange.request().flags = flags;
    return exchange.perform();
}
}  // namespace

Result<void> host_link(u32 grant, std::string_view from, std::string_view to) {
    return two_names(FileOperation::link, grant, from, to, 0);
}
Result<void> host_remove(u32 grant, std::string_view path, bool directory) {
    return simple(FileOperation::remove, grant, path, directory ? 1 : 0);
}
Result<void> host_rename(u32 grant, std::string_view from, std::string_view to, u32 flags) {
    return two_names(FileOperation::rename, grant, from, to, flags);
}

Result<void> host_set_attributes(u32 grant, std::string_view path, const HostAttributeChange& change) {
    Exchange exchange(FileOperation::set_attributes, grant);
    TRY(exchange.name(path));
    exchange.request().change = change;
    return exchange.perform();
}

Result<usize> host_write(int slot, const void* from, usize length, u64 offset) {
    Exchange exchange(FileOperation::write, 0);
    exchange.request().slot = slot;
    exchange.request().position = offset;
    std::string_view bytes(static_cast<const char*>(from), min<usize>(length, FileSlot::data_size));
    TRY(exchange.add(bytes, exchange.request().first_length));
    TRY(exchange.perform());
    return min<usize>(exchange.reply().value, bytes.size());
}

namespace {
Result<u64> on_slot(FileOperation operation, int slot, u32 flags, u64 position, u64 length) {
    Exchange exchange(operation, 0);
    exchange.request().slot = slot;
    exchange.request().flags = flags;
    exchange.request().position = position;
    exchange.request().length = length;
    TRY(exchange.perform());
    return exchange.reply().value;
}
Result<void> without_value(Result<u64> result) {
    if (!result.ok()) return result.error();
    return {};
}
}  // namespace

Result<void> host_truncate(int slot, u64 size) {
    return without_value(on_slot(FileOperation::truncate, slot, 0, 0, size));
}
Result<void> host_allocate(int slot, int mode, u64 offset, u64 length) {
    return without_value(on_slot(FileOperation::allocate, slot, static_cast<u32>(mode), offset, length));
}
Result<void> host_sync(int slot, bool data_only) {
    return without_value(on_slot(FileOperation::sync, slot, data_only ? 1 : 0, 0, 0));
}
Result<u64> host_seek(int slot, u64 offset, bool hole) {
    return on_slot(FileOperation::seek, slot, hole ? 1 : 0, offset, 0);
}
Result<void> host_lock(int slot, int type, u64 start, u64 length) {
    return without_value(on_slot(FileOperation::lock, slot, static_cast<u32>(type), start, length));
}

Result<usize> host_get_attribute(u32, std::string_view, std::string_view, std::span<u8>) {
    return Errno::eopnotsupp;
}
Result<usize> host_list_attributes(u32, std::string_view, std::span<char>) {
    return usize{0};
}
Result<void> host_set_attribute(u32, std::string_view, std::string_view, std::span<const u8>, int) {
    return Errno::eopnotsupp;
}
Result<void> host_remove_attribute(u32, std::string_view, std::string_view) {
    return Errno::eopnotsupp;
}

Result<HostSpace> host_space(u32 grant) {
    Exchange exchange(FileOperation::space, grant);
    TRY(exchange.name({}));
    TRY(exchange.perform());
    return exchange.reply().space;
}

usize host_changes(std::span<u32>) {
    return 0;
}

}  // namespace litebox::platform
