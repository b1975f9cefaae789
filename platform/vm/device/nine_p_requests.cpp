// The requests of 9P2000.L, one function each.
#include "core/base/string.h"
#include "platform/vm/device/nine_p_client.h"

namespace litebox::vm {

namespace {

constexpr u32 no_fid = ~u32{0};
constexpr usize count_room = nine_p_header + sizeof(u32);  // of an answer that ends with a counted payload
constexpr u64 basic_attributes = 0x7ff;
constexpr u32 type_mask = 0170000, type_directory = 0040000, type_symlink = 0120000;

/// An answer whose fields are of no interest.
Result<void> done(NinePCall& call) {
    call.send();
    auto answer = call.receive();
    if (!answer.ok()) return answer.error();
    return {};
}

/// As the C library of x86-64 Linux packs device numbers.
u32 major_of(u64 number) {
    return static_cast<u32>((number >> 8 & 0xfff) | (number >> 32 & 0xfffff000));
}
u32 minor_of(u64 number) {
    return static_cast<u32>((number & 0xff) | (number >> 12 & 0xffffff00));
}

platform::HostTime read_time(MessageReader& reader) {
    constexpr u64 nanoseconds_per_second = 1000000000;
    u64 seconds = reader.number<u64>(), nanoseconds = reader.number<u64>();
    return {static_cast<i64>(seconds), static_cast<u32>(min(nanoseconds, nanoseconds_per_second - 1)), 0};
}

}  // namespace

Result<void> NinePClient::begin(RequestQueue& queue) {
    constexpr std::string_view version = "9P2000.L";
    constexpr usize smallest = 8192;
    constexpr u32 parts_per_call = 3;
    queue_ = &queue;
    u32 slots = min<u32>(most_slots, queue.entries() / parts_per_call);
    if (slots == 0) return Errno::eio;
    slot_count_.store(slots, std::memory_order_relaxed);
    slots_[0].frames = TRY(SharedFrames::allocate(1));
    {
        NinePCall call(*this);
        MessageWriter& message = call.begin(NineP::version);
        message.number(static_cast<u32>(largest_bulk + page_size));
        message.text(version);
        call.send();
        MessageReader answer = TRY(call.receive());
        char agreed[16];
        message_size_ = min<usize>(answer.number<u32>(), largest_bulk + page_size);
        usize length = answer.text(agreed);
        if (answer.failed() || message_size_ < smallest ||
            std::string_view(agreed, min(length, sizeof(agreed))) != version)
            return Errno::eproto;
    }
    NinePCall call(*this);
    MessageWriter& message = call.begin(NineP::attach);
    message.number(root_fid);
    message.number(no_fid);
    message.text("litebox");
    message.text("");
    message.number(u32{0});
    call.send();
    MessageReader answer = TRY(call.receive());
    Qid root = answer.qid();
    if (answer.failed() || (root.type & Qid::directory) == 0) return Errno::eio;
    return {};
}

// ------------------------------------------------------------------------------------------------ walks

void NinePClient::send_walk(NinePCall& call, u32 from, const Fid& to,
                            std::span<const std::string_view> names) {
    MessageWriter& message = call.begin(NineP::walk);
    message.number(from);
    message.number(to.number());
    message.number(static_cast<u16>(names.size()));
    for (std::string_view name : names) message.text(name);
    call.send();
}

/// Everything on the way must be a directory: a link there is ELOOP, whatever the server made of it. A walk
/// that ended early is ENOENT here; who must know better asks for the name alone.
Result<void> NinePClient::end_walk(NinePCall& call, usize count, Qid* last) {
    MessageReader answer = TRY(call.receive());
    usize walked = answer.number<u16>();
    if (walked > count) return Errno::eio;
    Qid qid{};
    for (usize i = 0; i < walked; i++) {
        qid = answer.qid();
        if (i + 1 == count) break;
        if ((qid.type & Qid::symlink) != 0) return Errno::eloop;
        if ((qid.type & Qid::directory) == 0) return Errno::enotdir;
    }
    if (answer.failed() || (walked == 0 && count > 0)) return Errno::eio;
    if (walked < count) return Errno::enoent;
    if (last != nullptr) *last = qid;
    return {};
}

Result<Fid> NinePClient::walk(u32 from, std::span<const std::string_view> names, Qid* last) {
    Fid at;
    u32 begin = from;
    do {
        std::span<const std::string_view> part = names.first(min(names.size(), most_names));
        Fid to = TRY(new_fid());
        NinePCall call(*this);
        send_walk(call, begin, to, part);
        auto result = end_walk(call, part.size(), last);
        if (!result.ok()) {
            // A server that answered nonsense may know the fid all the same; giving it up does no harm.
            if (result.error() == Errno::enoent) forget_fid(std::move(to));
            return result.error();
        }
        at = std::move(to);
        begin = at.number();
        names = names.subspan(part.size());
        if (!names.empty() && last != nullptr && (last->type & Qid::directory) == 0)
            return (last->type & Qid::symlink) != 0 ? Errno::eloop : Errno::enotdir;
    } while (!names.empty());
    return at;
}

// ------------------------------------------------------------------------------------------------ attributes

void NinePClient::send_attributes(NinePCall& call, u32 fid) {
    MessageWriter& message = call.begin(NineP::getattr);
    message.number(fid);
    message.number(basic_attributes);
    call.send();
}

Result<platform::HostAttributes> NinePClient::end_attributes(NinePCall& call) {
    MessageReader answer = TRY(call.receive());
    platform::HostAttributes to{};
    u64 valid = answer.number<u64>();
    Qid qid = answer.qid();
    to.device = 1;
    to.inode = qid.path;
    to.mode = answer.number<u32>();
    to.uid = answer.number<u32>();
    to.gid = answer.number<u32>();
    to.links = static_cast<u32>(min<u64>(answer.number<u64>(), ~u32{0}));
    u64 special = answer.number<u64>();
    to.special_major = major_of(special);
    to.special_minor = minor_of(special);
    to.size = answer.number<u64>();
    to.block_size = static_cast<u32>(min<u64>(answer.number<u64>(), u64{1} << 30));
    to.blocks = answer.number<u64>();
    to.access = read_time(answer);
    to.modify = read_time(answer);
    to.change = read_time(answer);
    u32 type = to.mode & type_mask;
    bool same_type = ((qid.type & Qid::directory) != 0) == (type == type_directory) &&
                     ((qid.type & Qid::symlink) != 0) == (type == type_symlink);
    constexpr u64 largest_size = u64{1} << 63;
    if (answer.failed() || (valid & basic_attributes) != basic_attributes || !same_type ||
        to.size >= largest_size)
        return Errno::eio;
    return to;
}

Result<platform::HostAttributes> NinePClient::attributes(u32 fid) {
    NinePCall call(*this);
    send_attributes(call, fid);
    return end_attributes(call);
}

Result<void> NinePClient::set_attributes(u32 fid, const Change& change) {
    NinePCall call(*this);
    MessageWriter& message = call.begin(NineP::setattr);
    message.number(fid);
    message.number(change.fields);
    message.number(change.mode_bits);
    message.number(change.uid_value);
    message.number(change.gid_value);
    message.number(change.size_value);
    for (const platform::HostTime& time : {change.access_value, change.modify_value}) {
        message.number(static_cast<u64>(time.seconds));
        message.number(u64{time.nanoseconds});
    }
    return done(call);
}

// ------------------------------------------------------------------------------------------------ contents

void NinePClient::send_open(NinePCall& call, u32 fid, u32 flags) {
    MessageWriter& message = call.begin(NineP::open);
    message.number(fid);
    message.number(flags);
    call.send();
}

Result<void> NinePClient::open(u32 fid, u32 flags) {
    NinePCall call(*this);
    send_open(call, fid, flags);
    auto answer = call.receive();
    if (!answer.ok()) return answer.error();
    return {};
}

Result<void> NinePClient::create(u32 fid, std::string_view name, u32 flags, u32 mode, u32 gid) {
    NinePCall call(*this);
    MessageWriter& message = call.begin(NineP::create);
    message.number(fid);
    message.text(name);
    message.number(flags);
    message.number(mode);
    message.number(gid);
    return done(call);
}

/// A short piece, with the answer's own page as its room.
Result<usize> NinePClient::read_some(u32 fid, u64 offset, std::span<u8> to) {
    usize length = min(to.size(), reply_room - count_room);
    NinePCall call(*this);
    MessageWriter& message = call.begin(NineP::read);
    message.number(fid);
    message.number(offset);
    message.number(static_cast<u32>(length));
    call.send();
    MessageReader answer = TRY(call.receive());
    usize count = answer.number<u32>();
    if (answer.failed() || count > length || count != answer.left()) return Errno::eio;
    answer.take(to.first(count));
    return count;
}

Result<usize> NinePClient::read(u32 fid, u64 offset, std::span<u8> to) {
    Bulk* bulk = to.size() > reply_room - count_room ? take_bulk() : nullptr;
    if (bulk == nullptr) return read_some(fid, offset, to);
    usize length = min(min(to.size(), largest_bulk), message_size_ - count_room);
    auto result = [&]() -> Result<usize> {
        NinePCall call(*this);
        MessageWriter& message = call.begin(NineP::read);
        message.number(fid);
        message.number(offset);
        message.number(static_cast<u32>(length));
        auto count = read_bulk(call, *bulk, length);
        if (count.ok()) bulk->frames.read(0, to.first(count.value()));
        return count;
    }();
    bulk->used.store(0, std::memory_order_release);
    return result;
}

/// Sends a request whose answer is a counted payload, into the bulk buffer: its length.
Result<usize> NinePClient::read_bulk(NinePCall& call, Bulk& bulk, usize length) {
    SharedRange payload = bulk.frames.from_device(0, length);
    call.send(nullptr, &payload, count_room);
    if (!call.in_flight_) return Errno::enametoolong;
    u32 written = queue_->wait(call.slot_->chain);
    call.in_flight_ = false;
    MessageReader answer = TRY(call.check_answer(written));
    usize count = answer.number<u32>();
    if (answer.failed() || count > length || count != written - count_room) return Errno::eio;
    return count;
}

Result<usize> NinePClient::write(u32 fid, u64 offset, std::span<const u8> from) {
    constexpr usize head = nine_p_header + sizeof(u32) + sizeof(u64) + sizeof(u32);
    Bulk* bulk = from.size() > page_size - head ? take_bulk() : nullptr;
    usize room = bulk != nullptr ? min(largest_bulk, message_size_ - head) : page_size - head;
    usize length = min(from.size(), room);
    auto result = [&]() -> Result<usize> {
        NinePCall call(*this);
        MessageWriter& message = call.begin(NineP::write);
        message.number(fid);
        message.number(offset);
        message.number(static_cast<u32>(length));
        if (bulk != nullptr) {
            bulk->frames.write(0, from.first(length));
            SharedRange payload = bulk->frames.to_device(0, length);
            call.send(&payload);
        } else {
            message.put(from.first(length));
            call.send();
        }
        MessageReader answer = TRY(call.receive());
        usize count = answer.number<u32>();
        if (answer.failed() || count > length) return Errno::eio;
        return count;
    }();
    if (bulk != nullptr) bulk->used.store(0, std::memory_order_release);
    return result;
}

void NinePClient::send_read_link(NinePCall& call, u32 fid) {
    call.begin(NineP::readlink).number(fid);
    call.send();
}

Result<usize> NinePClient::end_read_link(NinePCall& call, std::span<char> to) {
    MessageReader answer = TRY(call.receive());
    usize length = answer.text(to);
    if (answer.failed() || length == 0) return Errno::eio;
    return length;
}

Result<usize> NinePClient::read_link(u32 fid, std::span<char> to) {
    NinePCall call(*this);
    send_read_link(call, fid);
    return end_read_link(call, to);
}

Result<void> NinePClient::sync(u32 fid, bool data_only) {
    NinePCall call(*this);
    MessageWriter& message = call.begin(NineP::fsync);
    message.number(fid);
    message.number(u32{data_only});
    return done(call);
}

Result<void> NinePClient::lock(u32 fid, u8 type, u64 start, u64 length) {
    constexpr u8 success = 0, blocked = 1;
    NinePCall call(*this);
    MessageWriter& message = call.begin(NineP::lock);
    message.number(fid);
    message.number(type);
    message.number(u32{0});  // flags: do not wait
    message.number(start);
    message.number(length);
    message.number(u32{1});  // the process: all of the sandbox is one
    message.text("litebox");
    call.send();
    MessageReader answer = TRY(call.receive());
    u8 status = answer.number<u8>();
    if (answer.failed()) return Errno::eio;
    if (status == blocked) return Errno::eagain;
    return status == success ? Result<void>() : Errno::enolck;
}

Result<platform::HostSpace> NinePClient::space(u32 fid) {
    NinePCall call(*this);
    call.begin(NineP::statfs).number(fid);
    call.send();
    MessageReader answer = TRY(call.receive());
    platform::HostSpace space{};
    space.type = answer.number<u32>();
    space.block_size = answer.number<u32>();
    space.blocks = answer.number<u64>();
    (void)answer.number<u64>();  // free for the superuser
    space.free_blocks = answer.number<u64>();
    space.files = answer.number<u64>();
    space.free_files = answer.number<u64>();
    (void)answer.number<u64>();  // the file system's number
    space.name_length = answer.number<u32>();
    if (answer.failed()) return Errno::eio;
    return space;
}

// ------------------------------------------------------------------------------------------------ names

Result<void> NinePClient::make_directory(u32 directory, std::string_view name, u32 mode, u32 gid) {
    NinePCall call(*this);
    MessageWriter& message = call.begin(NineP::mkdir);
    message.number(directory);
    message.text(name);
    message.number(mode);
    message.number(gid);
    return done(call);
}

Result<void> NinePClient::make_symlink(u32 directory, std::string_view name, std::string_view target,
                                       u32 gid) {
    NinePCall call(*this);
    MessageWriter& message = call.begin(NineP::symlink);
    message.number(directory);
    message.text(name);
    message.text(target);
    message.number(gid);
    return done(call);
}

Result<void> NinePClient::make_node(u32 directory, std::string_view name, u32 mode, u32 gid) {
    NinePCall call(*this);
    MessageWriter& message = call.begin(NineP::mknod);
    message.number(directory);
    message.text(name);
    message.number(mode);
    message.number(u64{0});  // major and minor number
    message.number(gid);
    return done(call);
}

Result<void> NinePClient::link(u32 directory, std::string_view name, u32 file) {
    NinePCall call(*this);
    MessageWriter& message = call.begin(NineP::link);
    message.number(directory);
    message.number(file);
    message.text(name);
    return done(call);
}

Result<void> NinePClient::rename(u32 from, std::string_view old_name, u32 to, std::string_view new_name) {
    NinePCall call(*this);
    MessageWriter& message = call.begin(NineP::renameat);
    message.number(from);
    message.text(old_name);
    message.number(to);
    message.text(new_name);
    return done(call);
}

Result<void> NinePClient::unlink(u32 directory, std::string_view name, bool is_directory) {
    constexpr u32 remove_directory = 0x200;
    NinePCall call(*this);
    MessageWriter& message = call.begin(NineP::unlinkat);
    message.number(directory);
    message.text(name);
    message.number(is_directory ? remove_directory : u32{0});
    return done(call);
}

Result<usize> NinePClient::read_directory(u32 fid, u64 position, usize room,
                                          bool (*entry)(void*, const Entry&), void* argument) {
    Bulk* bulk = take_bulk();
    usize most = bulk != nullptr ? min(largest_bulk, message_size_ - count_room) : reply_room - count_room;
    usize length = min(room, most);
    auto result = [&]() -> Result<usize> {
        NinePCall call(*this);
        MessageWriter& message = call.begin(NineP::readdir);
        message.number(fid);
        message.number(position);
        message.number(static_cast<u32>(length));
        const SharedFrames* frames = &call.slot_->frames;
        usize at = reply_at + count_room, count = 0;
        if (bulk != nullptr) {
            count = TRY(read_bulk(call, *bulk, length));
            frames = &bulk->frames;
            at = 0;
        } else {
            call.send();
            MessageReader answer = TRY(call.receive());
            count = answer.number<u32>();
            if (answer.failed() || count > length || count != answer.left()) return Errno::eio;
        }
        MessageReader entries(*frames, at, at + count);
        usize number = 0;
        while (entries.left() > 0) {
            char name[256];
            Entry one{};
            one.qid = entries.qid();
            one.position = entries.number<u64>();
            one.type = entries.number<u8>();
            usize name_length = entries.text(name);
            if (entries.failed() || name_length == 0 || name_length > 255) return Errno::eio;
            one.name = {name, name_length};
            number++;
            if (!entry(argument, one)) break;
        }
        return number;
    }();
    if (bulk != nullptr) bulk->used.store(0, std::memory_order_release);
    return result;
}

// ------------------------------------------------------------------------------------------------ extended
// attributes

Result<Fid> NinePClient::open_attribute(u32 fid, std::string_view name, u64* length) {
    Fid to = TRY(new_fid());
    NinePCall call(*this);
    MessageWriter& message = call.begin(NineP::xattrwalk);
    message.number(fid);
    message.number(to.number());
    message.text(name);
    call.send();
    auto answer = call.receive();
    if (!answer.ok()) {
        forget_fid(std::move(to));
        return answer.error();
    }
    *length = answer.value().number<u64>();
    if (answer.value().failed()) return Errno::eio;
    return to;
}

Result<void> NinePClient::create_attribute(u32 fid, std::string_view name, u64 length, u32 flags) {
    NinePCall call(*this);
    MessageWriter& message = call.begin(NineP::xattrcreate);
    message.number(fid);
    message.text(name);
    message.number(length);
    message.number(flags);
    return done(call);
}

Result<void> NinePClient::end_attribute(Fid fid) {
    u32 number = fid.keep();
    NinePCall call(*this);
    call.begin(NineP::clunk).number(number);
    auto result = done(call);
    free_fid(number);
    return result;
}

}  // namespace litebox::vm
