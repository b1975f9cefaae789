// Pipes and fifos: a ring of pages between writers and readers.
#pragma once

#include "core/file/file.h"

namespace litebox {

/// One piece of data in the ring. Pages are owned by the slot.
struct PipeSlot {
    u8* page = nullptr;
    u32 offset = 0, length = 0;
    bool packet = false;  // written with O_DIRECT: a read ends at its end
};

class Pipe : public RefCounted<Pipe> {
  public:
    static constexpr u32 default_slots = 16, atomic_size = 4096;
    static constexpr u32 slots_limit = 256;  // fs.pipe-max-size 1 MiB, for everyone

    static Result<Ref<Pipe>> create();
    Pipe() = default;  // unusable before create() has filled it
    ~Pipe();

    Result<usize> read(IoCursor& to, bool non_blocking);
    Result<usize> write(IoCursor& from, bool non_blocking, bool packets);
    u32 poll(PollTable* table, bool reader, bool writer);
    u64 readable_bytes();
    /// F_GETPIPE_SZ and F_SETPIPE_SZ, in bytes.
    u64 capacity();
    Result<u64> set_capacity(u64 bytes);

    /// What an end found when it was added.
    struct Opening {
        bool met;              // the other side was there
        u32 readers, writers;  // how often each side had been opened
    };
    /// Counts ends; the last of a side wakes the other.
    Opening add_end(bool reader, bool writer);
    void remove_end(bool reader, bool writer);
    /// fifo(7): waits until the other side is opened.
    Result<void> await_other_side(bool reader, bool writer, const Opening& opening);
    [[nodiscard]] bool has_readers() const { return readers_.load() > 0; }
    [[nodiscard]] bool unused() const { return readers_.load() == 0 && writers_.load() == 0; }

    /// splice and tee between pipes: moves (or, with `copy`, duplicates) up to `length` bytes without
    /// waiting; 0: nothing there; EAGAIN: no room.
    static Result<usize> transfer(Pipe& from, Pipe& to, usize length, bool copy);
    /// Waits until there is something to read (false: end of file), or room to write (EPIPE).
    Result<bool> await_data(bool non_blocking);
    Result<void> await_room(bool non_blocking);

    const u64 inode_number = 0;
    Timestamp created;

  private:
    friend class PipeInode;
    struct Step {
        usize bytes = 0;
        bool fault = false;
        bool end_of_packet = false;
    };
    Step read_locked(IoCursor& to) LITEBOX_REQUIRES(mutex_);
    Result<Step> write_locked(IoCursor& from, bool packets) LITEBOX_REQUIRES(mutex_);
    [[nodiscard]] PipeSlot& slot(u32 index) { return ring_[(head_ + index) % ring_.size()]; }
    [[nodiscard]] bool full() const { return used_ == ring_.size(); }
    /// Whether `wanted` bytes could be written now without a wait in between.
    bool fits(usize wanted, bool packets) LITEBOX_REQUIRES(mutex_);
    u8* take_page();
    void give_page(u8* page);

    Mutex mutex_{LockRank::pipe};
    Vector<PipeSlot> ring_;
    u32 head_ = 0, used_ = 0;
    u64 bytes_ = 0;
    u8* spare_ = nullptr;
    std::atomic<u32> readers_{0}, writers_{0};
    std::atomic<u32> reader_openings_{0}, writer_openings_{0};
    WaitQueue read_queue_, write_queue_;
};

/// pipe2(2): `flags` are O_CLOEXEC (the caller's), O_NONBLOCK and O_DIRECT.
struct PipeEnds {
    Ref<File> read_end, write_end;
};
Result<PipeEnds> make_pipe(u32 flags);
/// Opens a fifo inode of any file system.
Result<Ref<File>> open_fifo(Inode& inode, u32 flags);

}  // namespace litebox
