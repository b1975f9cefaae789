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

u32 lane_of_grant(u32 grant) {
    std::span<const u8> lanes = sandbox().grant_lanes;
    return grant < lanes.size() ? lanes[grant] % most_file_lanes : 0;
}
std::atomic<u8>& lane_of_slot(int slot) {
    return sandbox().slot_lanes[static_cast<u32>(slot - file_window_begin) % file_slot_count];
}

/// A slot of a lane while one request is made.
class Exchange {
  public:
    static Exchange on_grant(FileOperation operation, u32 grant) {
        return Exchange(operation, grant, platform::no_host_slot, lane_of_grant(grant));
    }
    static Exchange on_slot(FileOperation operation, int slot) {
        return Exchange(operation, 0, slot, lane_of_slot(slot).load(std::memory_order_relaxed));
    }
    ~Exchange() {
        slot_.state.store(FileSlot::free, std::memory_order_release);
        sandbox().file_turn.fetch_add(1, std::memory_order_seq_cst);
        if (sandbox().file_waiters.load(std::memory_order_seq_cst) != 0) unpark(sandbox().file_turn, 1);
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
        bool spins = platform::spinning_pays();
        lane_.spin_wanted.store(spins ? 1 : 0, std::memory_order_relaxed);
        slot_.state.store(FileSlot::posted, std::memory_order_release);
        lane_.bell.fetch_add(1, std::memory_order_seq_cst);
        if (lane_.sleeping.load(std::memory_order_seq_cst) != 0) (void)host::wake(lane_.bell, 1);
        if (spins) wait_awake();
        wait_asleep();
        i32 error = slot_.reply.error;
        if (error != 0) return static_cast<Errno>(error);
        return {};
    }

    /// The node of an answer; its slot is the lane's.
    HostNode node(HostNode node) const {
        if (node.slot < file_window_begin || node.slot >= write_window_end)
            node.slot = no_host_slot;
        else
            lane_of_slot(node.slot).store(lane_number_, std::memory_order_relaxed);
        return node;
    }

  private:
    Exchange(FileOperation operation, u32 grant, int slot, u32 lane)
        : lane_number_(static_cast<u8>(lane)),
          lane_(sandbox().rings->files.lanes[lane]),
          slot_(acquire(lane_)) {
        slot_.request = {};
        slot_.request.operation = operation;
        slot_.request.grant = grant;
        slot_.request.slot = slot;
        slot_.request.room = FileSlot::data_size;
    }
    static FileSlot& acquire(FileLane& lane) {
        for (;;) {
            u32 turn = sandbox().file_turn.load(std::memory_order_acquire);
            for (FileSlot& slot : lane.slots) {
                u32 expected = FileSlot::free;
                if (slot.state.compare_exchange_strong(expected, FileSlot::filling)) return slot;
            }
            sandbox().file_waiters.fetch_add(1, std::memory_order_seq_cst);
            (void)park(sandbox().file_turn, turn, no_deadline);
            sandbox().file_waiters.fetch_sub(1, std::memory_order_relaxed);
        }
    }
    /// About as long as waking an opener on an idle processor and an ordinary look-up take.
    void wait_awake() {
        constexpr int turns = 2000;
        for (int i = 0; i < turns; i++) {
            if (slot_.state.load(std::memory_order_acquire) == FileSlot::answered) return;
            __builtin_ia32_pause();
        }
    }
    void wait_asleep() {
        u32 expected = FileSlot::posted;
        if (!slot_.state.compare_exchange_strong(expected, FileSlot::awaited)) return;
        while (slot_.state.load(std::memory_order_acquire) == FileSlot::awaited)
            (void)park(slot_.state, FileSlot::awaited, no_deadline);
    }

    u8 lane_number_;
    FileLane& lane_;
    FileSlot& slot_;
    u32 used_ = 0;
};

Result<void> simple(FileOperation operation, u32 grant, std::string_view path, u32 flags = 0) {
    Exchange exchange = Exchange::on_grant(operation, grant);
    TRY(exchange.name(path));
    exchange.request().flags = flags;
    return exchange.perform();
}

}  // namespace

const HostWatchWords& host_watch(u32 id) {
    return sandbox().rings->files.watches[id % host_watch_limit];
}

Result<HostNode> host_open(u32 grant, std::string_view path, u32 want, std::span<char> target) {
    Exchange exchange = Exchange::on_grant(FileOperation::open, grant);
    TRY(exchange.name(path));
    exchange.request().flags = want;
    TRY(exchange.perform());
    HostNode node = exchange.node(exchange.reply().node);
    if (node.target_length > min<usize>(target.size(), FileSlot::data_size)) node.target_length = 0;
    memcpy(target.data(), exchange.data(), node.target_length);
    return node;
}

Result<usize> host_open_many(u32 grant, std::string_view path, HostIdentity directory, std::string_view names,
                             u32 want, std::span<HostAnswer> to) {
    Exchange exchange = Exchange::on_grant(FileOperation::open_many, grant);
    TRY(exchange.name(path));
    TRY(exchange.add(names, exchange.request().second_length));
    exchange.request().directory = directory;
    exchange.request().flags = want;
    TRY(exchange.perform());
    usize count = min<usize>(min<u64>(exchange.reply().value, host_open_many_limit), to.size());
    memcpy(to.data(), exchange.data(), count * sizeof(HostAnswer));
    for (HostAnswer& answer : to.first(count)) answer.node = exchange.node(answer.node);
    return count;
}

namespace {

/// Slots in a listing become those of its lane.
void take_listed_slots(const Exchange& exchange, std::span<u8> records) {
    for (usize at = 0; at + sizeof(HostEntry) <= records.size();) {
        HostEntry entry;
        memcpy(&entry, records.data() + at, sizeof(entry));
        if (entry.length < sizeof(entry) || entry.length > records.size() - at) return;
        if (entry.has_node != 0 && entry.length >= sizeof(entry) + sizeof(HostNode)) {
            HostNode node;
            memcpy(&node, records.data() + at + sizeof(entry), sizeof(node));
            node = exchange.node(node);
            memcpy(records.data() + at + sizeof(entry), &node, sizeof(node));
        }
        at += entry.length;
    }
}

}  // namespace

Result<HostListing> host_list(u32 grant, std::string_view path, HostIdentity directory, u64 position,
                              u32 want, std::span<u8> records) {
    Exchange exchange = Exchange::on_grant(FileOperation::list, grant);
    TRY(exchange.name(path));
    exchange.request().directory = directory;
    exchange.request().position = position;
    exchange.request().flags = want;
    exchange.request().room = static_cast<u32>(min<usize>(records.size(), FileSlot::data_size));
    TRY(exchange.perform());
    usize bytes = min<usize>(exchange.reply().bytes, records.size());
    memcpy(records.data(), exchange.data(), bytes);
    take_listed_slots(exchange, records.first(bytes));
    return HostListing{bytes, exchange.reply().end != 0, exchange.node(exchange.reply().node)};
}

Result<usize> host_read_link(u32 grant, std::string_view path, std::span<char> to) {
    Exchange exchange = Exchange::on_grant(FileOperation::read_link, grant);
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
    Exchange exchange = Exchange::on_slot(FileOperation::attributes, slot);
    TRY(exchange.perform());
    return exchange.reply().node.attributes;
}

void host_release(std::span<const int> slots) {
    // One request for each run of slots of the same lane.
    while (!slots.empty()) {
        u8 lane = lane_of_slot(slots[0]).load(std::memory_order_relaxed);
        usize count = 1;
        while (count < slots.size() && count < FileSlot::data_size / sizeof(int) &&
               lane_of_slot(slots[count]).load(std::memory_order_relaxed) == lane)
            count++;
        Exchange exchange = Exchange::on_slot(FileOperation::release, slots[0]);
        std::string_view bytes(reinterpret_cast<const char*>(slots.data()), count * sizeof(int));
        if (exchange.add(bytes, exchange.request().first_length).ok()) (void)exchange.perform();
        slots = slots.subspan(count);
    }
}

Result<HostNode> host_create(u32 grant, std::string_view path, u32 mode) {
    Exchange exchange = Exchange::on_grant(FileOperation::create, grant);
    TRY(exchange.name(path));
    exchange.request().flags = mode;
    TRY(exchange.perform());
    return exchange.node(exchange.reply().node);
}

Result<HostNode> host_create_symlink(u32 grant, std::string_view path, std::string_view target) {
    Exchange exchange = Exchange::on_grant(FileOperation::create_symlink, grant);
    TRY(exchange.name(path));
    TRY(exchange.add(target, exchange.request().second_length));
    TRY(exchange.perform());
    return exchange.node(exchange.reply().node);
}

namespace {
Result<void> two_names(FileOperation operation, u32 grant, std::string_view from, std::string_view to,
                       u32 flags) {
    Exchange exchange = Exchange::on_grant(operation, grant);
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
    Exchange exchange = Exchange::on_grant(FileOperation::set_attributes, grant);
    TRY(exchange.name(path));
    exchange.request().change = change;
    return exchange.perform();
}

Result<usize> host_write(int slot, const void* from, usize length, u64 offset) {
    Exchange exchange = Exchange::on_slot(FileOperation::write, slot);
    exchange.request().position = offset;
    std::string_view bytes(static_cast<const char*>(from), min<usize>(length, FileSlot::data_size));
    TRY(exchange.add(bytes, exchange.request().first_length));
    TRY(exchange.perform());
    return min<usize>(exchange.reply().value, bytes.size());
}

namespace {
Result<u64> on_slot(FileOperation operation, int slot, u32 flags, u64 position, u64 length) {
    Exchange exchange = Exchange::on_slot(operation, slot);
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

Result<usize> host_get_attribute(u32 grant, std::string_view path, std::string_view name, std::span<u8> to) {
    Exchange exchange = Exchange::on_grant(FileOperation::get_attribute, grant);
    TRY(exchange.name(path));
    TRY(exchange.add(name, exchange.request().second_length));
    TRY(exchange.perform());
    usize length = min<usize>(exchange.reply().bytes, FileSlot::data_size);
    if (to.empty()) return length;
    if (length > to.size()) return Errno::erange;
    memcpy(to.data(), exchange.data(), length);
    return length;
}

Result<usize> host_list_attributes(u32 grant, std::string_view path, std::span<char> names) {
    Exchange exchange = Exchange::on_grant(FileOperation::list_attributes, grant);
    TRY(exchange.name(path));
    TRY(exchange.perform());
    usize length = min<usize>(exchange.reply().bytes, FileSlot::data_size), used = 0;
    // The host tells names of every kind; only user.* can be had.
    for (usize at = 0; at < length;) {
        std::string_view name(reinterpret_cast<const char*>(exchange.data()) + at, length - at);
        name = name.substr(0, name.find('\0'));
        at += name.size() + 1;
        if (!name.starts_with("user.") || at > length) continue;
        if (!names.empty()) {
            if (name.size() + 1 > names.size() - used) return Errno::erange;
            memcpy(names.data() + used, name.data(), name.size());
            names[used + name.size()] = '\0';
        }
        used += name.size() + 1;
    }
    return used;
}

Result<void> host_set_attribute(u32 grant, std::string_view path, std::string_view name,
                                std::span<const u8> value, int flags) {
    Exchange exchange = Exchange::on_grant(FileOperation::set_attribute, grant);
    TRY(exchange.name(path));
    TRY(exchange.add(name, exchange.request().second_length));
    std::string_view bytes(reinterpret_cast<const char*>(value.data()), value.size());
    if (!exchange.add(bytes, exchange.request().third_length).ok()) return Errno::e2big;
    exchange.request().flags = static_cast<u32>(flags);
    return exchange.perform();
}

Result<void> host_remove_attribute(u32 grant, std::string_view path, std::string_view name) {
    Exchange exchange = Exchange::on_grant(FileOperation::remove_attribute, grant);
    TRY(exchange.name(path));
    TRY(exchange.add(name, exchange.request().second_length));
    return exchange.perform();
}

Result<HostSpace> host_space(u32 grant) {
    Exchange exchange = Exchange::on_grant(FileOperation::space, grant);
    TRY(exchange.name({}));
    TRY(exchange.perform());
    return exchange.reply().space;
}

}  // namespace litebox::platform
