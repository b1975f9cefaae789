#include "core/net/byte_channel.h"

#include "core/task/wake_batch.h"

namespace litebox {

Result<Ref<ByteChannel>> ByteChannel::create() {
    auto channel = TRY(make_ref<ByteChannel>());
    return channel;
}

ByteChannel::~ByteChannel() {
    if (bytes_ != nullptr) heap_free(bytes_);
}

void ByteChannel::wake_reader(u32 events, u32 exclusive) {
    WakeBatch wakes;
    read_queue.wake(events, exclusive);
    LockGuard guard(observers_mutex_);
    if (reader_ != nullptr) reader_->wake(events, exclusive);
}

void ByteChannel::wake_writer(u32 events, u32 exclusive) {
    WakeBatch wakes;
    write_queue.wake(events, exclusive);
    LockGuard guard(observers_mutex_);
    if (writer_ != nullptr) writer_->wake(events, exclusive);
}

void ByteChannel::observe(WaitQueue* reader, WaitQueue* writer) {
    LockGuard guard(observers_mutex_);
    if (reader != nullptr) reader_ = reader;
    if (writer != nullptr) writer_ = writer;
}

void ByteChannel::forget_reader() {
    LockGuard guard(observers_mutex_);
    reader_ = nullptr;
}

void ByteChannel::forget_writer() {
    LockGuard guard(observers_mutex_);
    writer_ = nullptr;
}

Result<usize> ByteChannel::write(IoCursor& from, Own<Ancillary>& ancillary) {
    usize done = 0;
    if (refuse_late(from, done)) return done;
    bool carries = ancillary && !ancillary->files.empty();
    for (;;) {
        bool faulted = false;
        {
            LockGuard guard(mutex_);
            if (reset_) return done > 0 ? Result<usize>(done) : Errno::econnreset;
            // Most connections carry little, and many carry nothing in one direction.
            if (bytes_ == nullptr) bytes_ = static_cast<u8*>(heap_allocate(capacity));
            if (bytes_ == nullptr) return Errno::enobufs;
            if (reader_closed_ || writer_closed_) return done > 0 ? Result<usize>(done) : Errno::epipe;
            if (done == 0 && ancillary && from.remaining() > 0 && written_ - read_ < capacity) {
                auto mark = TRY(make_own<Mark>());
                mark->position = written_;
                TRY(marks_.reserve(marks_.size() + 1));
                mark->ancillary = std::move(ancillary);
                TRY(marks_.push(std::move(mark)));
            }
            while (from.remaining() > 0 && written_ - read_ < capacity && !faulted) {
                usize at = written_ % capacity;
                usize piece =
                    min<usize>(min<u64>(capacity - at, capacity - (written_ - read_)), from.remaining());
                usize copied = from.try_take(bytes_ + at, piece);
                faulted = copied < piece;
                written_ += copied;
                done += copied;
            }
            // Descriptors belong to this message alone: a read stops where it ends.
            if (carries && done > 0 && !faulted) {
                auto end = TRY(make_own<Mark>());
                end->position = written_;
                TRY(marks_.push(std::move(end)));
            }
        }
        if (!faulted) break;
        auto present = from.fault_in_front(false);
        if (!present.ok()) {
            if (done == 0) return present.error();
            break;
        }
    }
    if (done > 0) wake_reader(poll_in | poll_read_normal);
    if (done == 0 && from.remaining() > 0) return Errno::eagain;
    return done;
}

/// The first write after the other side closed: taken, and answered by a reset.
bool ByteChannel::refuse_late(IoCursor& from, usize& done) {
    {
        LockGuard guard(mutex_);
        if (!reader_closed_late_ || writer_closed_) return false;
        reader_closed_late_ = false;
    }
    done = from.remaining();
    from.advance(done);
    wake_writer(poll_out | poll_error | poll_hang_up, ~0u);
    return true;
}

/// At the mark, out of line: the urgent byte is no part of what is read.
void ByteChannel::pass_urgent() {
    if (!urgent_mark_ || urgent_in_line_ || read_ != urgent_position_) return;
    read_++;
    urgent_mark_ = false;
}

usize ByteChannel::unread() const {
    bool hidden = urgent_mark_ && !urgent_in_line_;
    return written_ - read_ - (hidden ? 1 : 0);
}

Result<usize> ByteChannel::read(IoCursor& to, Own<Ancillary>* ancillary, bool peek, u64 peek_from) {
    usize done = 0;
    bool was_full = false;
    u64 start = 0;
    bool first = true;
    // What nobody asked for ends after the lock: it may hold the last reference to a socket whose end takes
    // it.
    Own<Ancillary> unwanted;
    for (;;) {
        bool faulted = false;
        {
            LockGuard guard(mutex_);
            if (first) pass_urgent();
            if (first) start = read_ + peek_from;
            if (read_ == written_ || (peek && start >= written_)) {
                if (std::exchange(error_pending_, false)) return Errno::econnreset;
                return writer_closed_ || reader_closed_ || reset_ ? Result<usize>(usize{0}) : Errno::eagain;
            }
            was_full |= written_ - read_ > capacity / 2;
            u64 at = peek ? start + done : read_;
            // Bytes behind the next mark belong to another message.
            u64 limit = written_;
            if (!peek && first)
                while (!marks_.empty() && marks_[0]->position <= at && !marks_[0]->ancillary)
                    marks_.remove(0);
            usize next_mark = 0;
            while (peek && next_mark < marks_.size() && marks_[next_mark]->position <= at &&
                   !marks_[next_mark]->ancillary)
                next_mark++;
            if (next_mark < marks_.size() && marks_[next_mark]->position == at && first) {
                Own<Ancillary>& taker = ancillary != nullptr ? *ancillary : unwanted;
                if (!peek) taker = std::move(marks_[0]->ancillary);
                if (!peek)
                    marks_.remove(0);
                else
                    next_mark++;
            }
            if (next_mark < marks_.size()) limit = min(limit, marks_[next_mark]->position);
            if (urgent_mark_ && urgent_position_ > at) limit = min(limit, urgent_position_);
            first = false;
            while (to.remaining() > 0 && at < limit && !faulted) {
                usize offset = at % capacity;
                usize piece = min<usize>(min<u64>(capacity - offset, limit - at), to.remaining());
                usize copied = to.try_put(bytes_ + offset, piece);
                faulted = copied < piece;
                at += copied;
                done += copied;
            }
            if (!peek) read_ = at;
            if (urgent_mark_ && read_ > urgent_position_) urgent_mark_ = urgent_ = false;
        }
        if (!faulted) break;
        auto present = to.fault_in_front(true);
        if (!present.ok()) {
            if (done == 0) return present.error();
            break;
        }
    }
    // Writers that wait for room look again; the others need no word for each byte taken.
    if (!peek && (was_full || !write_queue.empty())) wake_writer(poll_out | poll_write_normal);
    return done;
}

Result<void> ByteChannel::send_urgent(u8 byte) {
    auto cursor = IoCursor::kernel(&byte, 1);
    Own<Ancillary> none;
    TRY(write(cursor, none));
    {
        LockGuard guard(mutex_);
        if (written_ == read_) return {};
        urgent_ = urgent_mark_ = true;
        urgent_byte_ = byte;
        urgent_position_ = written_ - 1;
    }
    wake_reader(poll_priority);
    return {};
}

void ByteChannel::set_urgent_in_line(bool in_line) {
    LockGuard guard(mutex_);
    urgent_in_line_ = in_line;
}

Result<u8> ByteChannel::take_urgent(bool peek) {
    LockGuard guard(mutex_);
    if (!urgent_ || urgent_in_line_) return Errno::einval;
    if (!peek) urgent_ = false;
    return urgent_byte_;
}

bool ByteChannel::urgent_pending() {
    LockGuard guard(mutex_);
    return urgent_;
}

bool ByteChannel::at_urgent_mark() {
    LockGuard guard(mutex_);
    return urgent_mark_ && read_ == urgent_position_;
}

void ByteChannel::close_writer() {
    {
        LockGuard guard(mutex_);
        writer_closed_ = true;
    }
    wake_reader(poll_in | poll_read_normal | poll_read_hang_up | poll_hang_up, ~0u);
    wake_writer(~0u, ~0u);
}

void ByteChannel::close_reader(bool late) {
    // Descriptors that nobody will receive go now: one of them may be the socket that keeps this channel. Not
    // under the lock, which their sockets' ends take.
    Vector<Own<Mark>> unread;
    {
        LockGuard guard(mutex_);
        unread = std::move(marks_);
        reader_closed_ = true;
        reader_closed_late_ = late && !reset_;
    }
    wake_writer(poll_out | poll_error | poll_hang_up, ~0u);
    wake_reader(~0u, ~0u);
}

/// What had arrived before can still be read.
void ByteChannel::reset() {
    {
        LockGuard guard(mutex_);
        reset_ = error_pending_ = true;
        reader_closed_late_ = urgent_ = urgent_mark_ = false;
    }
    wake_reader(~0u, ~0u);
    wake_writer(~0u, ~0u);
}

usize ByteChannel::readable() {
    LockGuard guard(mutex_);
    return unread();
}
bool ByteChannel::at_end() {
    LockGuard guard(mutex_);
    return writer_closed_ || (reader_closed_ && !reader_closed_late_) || reset_;
}
usize ByteChannel::room() {
    LockGuard guard(mutex_);
    return capacity - (written_ - read_);
}
bool ByteChannel::broken() {
    LockGuard guard(mutex_);
    return (reader_closed_ && !reader_closed_late_) || reset_;
}
bool ByteChannel::was_reset() {
    LockGuard guard(mutex_);
    return reset_;
}
bool ByteChannel::error_pending() {
    LockGuard guard(mutex_);
    return error_pending_;
}
bool ByteChannel::take_reset() {
    LockGuard guard(mutex_);
    return std::exchange(error_pending_, false);
}

}  // namespace litebox
