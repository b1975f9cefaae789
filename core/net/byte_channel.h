// One direction of a connection: a bounded ring of bytes with marks for what travels along.
#pragma once

#include "core/net/socket.h"

namespace litebox {

class ByteChannel : public RefCounted<ByteChannel> {
  public:
    static Result<Ref<ByteChannel>> create();
    ByteChannel() = default;
    ~ByteChannel();

    /// Appends what fits (at least a byte, or EAGAIN); the ancillary data goes with the first byte. EPIPE
    /// when nobody reads any more, ECONNRESET after a reset.
    Result<usize> write(IoCursor& from, Own<Ancillary>& ancillary);
    /// Takes what is there up to the cursor's length; EAGAIN when there is nothing yet, 0 at the end.
    /// Ancillary data of the first byte comes along; bytes behind a later mark are left. With `peek` nothing
    /// is taken.
    Result<usize> read(IoCursor& to, Own<Ancillary>* ancillary, bool peek);

    /// Urgent data (TCP): its byte is kept out of the stream unless `in_line`.
    void send_urgent(u8 byte);
    Result<u8> take_urgent(bool peek);
    bool urgent_pending();
    bool at_urgent_mark();

    void close_writer();  // the reader sees the end
    void close_reader();  // the writer sees EPIPE
    void reset();         // both see ECONNRESET once
    [[nodiscard]] usize readable();
    [[nodiscard]] bool at_end();
    [[nodiscard]] usize room();
    [[nodiscard]] bool broken();
    [[nodiscard]] bool was_reset();

    WaitQueue read_queue, write_queue;
    /// The sockets' own queues at both ends, which pollers hang on before there is a channel. Null takes one
    /// off; afterwards it is not used any more.
    void observe(WaitQueue* reader, WaitQueue* writer);
    void forget_reader();
    void forget_writer();

  private:
    static constexpr usize capacity = usize{1} << 18;
    struct Mark {
        u64 position;
        Own<Ancillary> ancillary;
    };
    void wake_reader(u32 events, u32 exclusive = 1);
    void wake_writer(u32 events, u32 exclusive = 1);
    Mutex observers_mutex_{LockRank::timers};
    WaitQueue* reader_ = nullptr;
    WaitQueue* writer_ = nullptr;
    Mutex mutex_{LockRank::pipe};
    u8* bytes_ = nullptr;
    u64 read_ = 0, written_ = 0;
    Vector<Own<Mark>> marks_;
    bool writer_closed_ = false, reader_closed_ = false, reset_ = false;
    bool urgent_ = false;
    u8 urgent_byte_ = 0;
    u64 urgent_position_ = 0;
};

}  // namespace litebox
