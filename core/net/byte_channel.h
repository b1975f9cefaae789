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
    /// is taken, and reading begins `peek_from` bytes further on.
    Result<usize> read(IoCursor& to, Own<Ancillary>* ancillary, bool peek, u64 peek_from = 0);

    /// Urgent data (TCP): the byte stands in the stream, and reads stop before it. They pass over it unless
    /// urgent data is read in line (SO_OOBINLINE).
    Result<void> send_urgent(u8 byte);
    Result<u8> take_urgent(bool peek);
    bool urgent_pending();
    bool at_urgent_mark();
    void set_urgent_in_line(bool in_line);

    void close_writer();  // the reader sees the end
    /// The writer sees EPIPE; with `late` (TCP) only after one more write, which the other side answers by a
    /// reset.
    void close_reader(bool late = false);
    void reset();  // both see ECONNRESET once, a reader behind what had arrived
    [[nodiscard]] usize readable();
    [[nodiscard]] bool at_end();
    [[nodiscard]] usize room();
    [[nodiscard]] bool broken();
    [[nodiscard]] bool was_reset();
    /// Nobody has been told of the reset yet.
    [[nodiscard]] bool error_pending();
    /// True once after a reset: whoever asks has told the program (SO_ERROR).
    bool take_reset();

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
    void pass_urgent();
    bool refuse_late(IoCursor& from, usize& done);
    usize unread() const;
    Mutex observers_mutex_{LockRank::timers};
    WaitQueue* reader_ = nullptr;
    WaitQueue* writer_ = nullptr;
    Mutex mutex_{LockRank::pipe};
    u8* bytes_ = nullptr;
    u64 read_ = 0, written_ = 0;
    Vector<Own<Mark>> marks_;
    bool writer_closed_ = false, reader_closed_ = false, reader_closed_late_ = false, reset_ = false,
         error_pending_ = false;
    bool urgent_ = false;       // its byte can be taken
    bool urgent_mark_ = false;  // the stream has not been read past it
    bool urgent_in_line_ = false;
    u8 urgent_byte_ = 0;
    u64 urgent_position_ = 0;
};

}  // namespace litebox
