// A client of 9P2000.L over virtio (VIRTIO's 9P transport: a queue of chains, request parts first), many
// requests in flight.
//
// The server is not believed. Every answer must have the length that the device wrote, the tag and the type
// that were asked for; what it holds is read field by field with the end in view. A lie is EIO for the one
// who asked. Numbers of fids are the client's own.
#pragma once

#include "platform/host_files.h"
#include "platform/vm/device/nine_p_message.h"
#include "platform/vm/device/request_queue.h"

namespace litebox::vm {

class NinePClient;
class NinePCall;

/// A fid that is given up (and clunked, without waiting) when its owner ends.
class Fid {
  public:
    Fid() = default;
    Fid(NinePClient& client, u32 number) : client_(&client), number_(number) {}
    Fid(Fid&& other) noexcept : client_(std::exchange(other.client_, nullptr)), number_(other.number_) {}
    Fid& operator=(Fid&& other) noexcept {
        std::swap(client_, other.client_);
        std::swap(number_, other.number_);
        return *this;
    }
    ~Fid();
    [[nodiscard]] u32 number() const { return number_; }
    [[nodiscard]] bool held() const { return client_ != nullptr; }
    /// The caller's from here on.
    u32 keep() {
        client_ = nullptr;
        return number_;
    }

  private:
    NinePClient* client_ = nullptr;
    u32 number_ = 0;
};

class NinePClient : Pinned {
  public:
    static constexpr u32 root_fid = 0, most_fids = 8192;
    static constexpr usize most_names = 16;           // of one walk
    static constexpr usize largest_bulk = 128 << 10;  // of one read or write

    /// Agrees on the version and attaches to the export's root. EIO, ENOMEM; EPROTO: no 9P2000.L.
    Result<void> begin(RequestQueue& queue);

    // Requests, answered when they return. Paths are single names, or those of a walk.
    Result<Fid> walk(u32 from, std::span<const std::string_view> names, Qid* last);
    Result<platform::HostAttributes> attributes(u32 fid);
    Result<void> open(u32 fid, u32 flags);
    /// The fid of the directory becomes that of the open file.
    Result<void> create(u32 fid, std::string_view name, u32 flags, u32 mode, u32 gid);
    Result<usize> read(u32 fid, u64 offset, std::span<u8> to);
    Result<usize> write(u32 fid, u64 offset, std::span<const u8> from);
    /// Its length; above that of `to`: it did not fit.
    Result<usize> read_link(u32 fid, std::span<char> to);
    struct Change {
        enum Field : u32 { mode = 1, uid = 2, gid = 4, size = 8, access = 0x90, modify = 0x120 };
        u32 fields = 0;
        u32 mode_bits = 0, uid_value = 0, gid_value = 0;
        u64 size_value = 0;
        platform::HostTime access_value{}, modify_value{};
    };
    Result<void> set_attributes(u32 fid, const Change& change);
    Result<void> make_directory(u32 directory, std::string_view name, u32 mode, u32 gid);
    Result<void> make_symlink(u32 directory, std::string_view name, std::string_view target, u32 gid);
    Result<void> make_node(u32 directory, std::string_view name, u32 mode, u32 gid);
    Result<void> link(u32 directory, std::string_view name, u32 file);
    Result<void> rename(u32 from, std::string_view old_name, u32 to, std::string_view new_name);
    Result<void> unlink(u32 directory, std::string_view name, bool is_directory);
    Result<void> sync(u32 fid, bool data_only);
    /// `type` 0 read, 1 write, 2 unlock. EAGAIN: another has it.
    Result<void> lock(u32 fid, u8 type, u64 start, u64 length);
    Result<platform::HostSpace> space(u32 fid);
    /// A fid to read the value from, or with an empty name the names; and how long that is.
    Result<Fid> open_attribute(u32 fid, std::string_view name, u64* length);
    /// `fid` becomes one to which exactly `length` bytes are written before it is given up with
    /// end_attribute.
    Result<void> create_attribute(u32 fid, std::string_view name, u64 length, u32 flags);
    /// Gives a fid up and waits for what the server says to that: whether an attribute was taken.
    Result<void> end_attribute(Fid fid);
    struct Entry {
        Qid qid;
        u64 position;
        u8 type;
        std::string_view name;
    };
    /// Entries of an open directory behind `position` in at most `room` bytes of answer; calls
    /// entry(argument, ...) for each until that says false. How many there were.
    Result<usize> read_directory(u32 fid, u64 position, usize room, bool (*entry)(void*, const Entry&),
                                 void* argument);

    // The same for several at a time: all are sent, then all awaited.
    void send_walk(NinePCall& call, u32 from, const Fid& to, std::span<const std::string_view> names);
    Result<void> end_walk(NinePCall& call, usize count, Qid* last);
    void send_attributes(NinePCall& call, u32 fid);
    Result<platform::HostAttributes> end_attributes(NinePCall& call);
    void send_open(NinePCall& call, u32 fid, u32 flags);
    void send_read_link(NinePCall& call, u32 fid);
    Result<usize> end_read_link(NinePCall& call, std::span<char> to);
    /// The number of a fid that the server does not know yet; held by the caller. ENFILE.
    Result<Fid> new_fid();
    /// Nothing is known by this number: a walk to it failed.
    void forget_fid(Fid fid);

  private:
    friend class NinePCall;
    friend class Fid;
    static constexpr u32 most_slots = 32, most_bulk_buffers = 4;
    static constexpr usize reply_at = page_size, reply_room = page_size;
    enum SlotState : u32 { free_slot, used, detached };
    struct Slot {
        std::atomic<u32> state{free_slot};
        SharedFrames frames;  // a page for the request, a page for the answer; made when first used
        u16 chain = 0;
        u32 clunked = 0;  // detached: the fid that is given up
    };
    struct Bulk {
        std::atomic<u32> used{0};
        SharedFrames frames;
    };

    Slot* try_slot();
    Slot& take_slot();
    void give_slot(Slot& slot);
    Bulk* take_bulk();
    void clunk_later(u32 number);
    void free_fid(u32 number);
    Result<usize> read_some(u32 fid, u64 offset, std::span<u8> to);
    Result<usize> read_bulk(NinePCall& call, Bulk& bulk, usize length);

    RequestQueue* queue_ = nullptr;
    std::atomic<u32> slot_count_{0};
    usize message_size_ = 0;
    Slot slots_[most_slots];
    Bulk bulks_[most_bulk_buffers];
    std::atomic<u32> turn_{0}, turn_waiters_{0};  // a slot or a bulk buffer became free
    SpinLock fids_lock_;
    u64 fids_[most_fids / 64] = {1};  // under the lock: a bit for each that is in use
    u32 next_fid_ = 1;
};

/// One request, from its building to its answer.
class NinePCall : Pinned {
  public:
    /// Waits until there is room for one more request. Whoever already holds a call (or destroys a Fid while
    /// holding one) must not wait for another, or all might wait for each other: `wait` false, and then
    /// held() says whether there was room.
    explicit NinePCall(NinePClient& client, bool wait = true)
        : client_(client), slot_(wait ? &client.take_slot() : client.try_slot()) {}
    ~NinePCall();
    [[nodiscard]] bool held() const { return slot_ != nullptr; }

    MessageWriter& begin(NineP type);
    /// Hands it to the device. `payload_out` and `payload_in` are parts that follow the message and the
    /// answer's first `answer_room` bytes.
    void send(const SharedRange* payload_out = nullptr, const SharedRange* payload_in = nullptr,
              usize answer_room = NinePClient::reply_room);
    /// Waits for the answer: its fields, behind the header. The server's errno; ENAMETOOLONG for a request
    /// that was too long to be sent; EIO for a lie.
    Result<MessageReader> receive();

  private:
    friend class NinePClient;
    [[nodiscard]] u16 tag() const;
    Result<MessageReader> check_answer(u32 written);

    NinePClient& client_;
    NinePClient::Slot* slot_;
    MessageWriter writer_{slot_ != nullptr ? slot_->frames : client_.slots_[0].frames, page_size};
    NineP type_{};
    bool in_flight_ = false;
    usize room_ = 0;
};

}  // namespace litebox::vm
