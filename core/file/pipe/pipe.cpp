#include "core/file/pipe/pipe.h"

#include "core/file/file_systems.h"
#include "core/kernel.h"
#include "core/task/process.h"
#include "core/task/signal_send.h"

namespace litebox {

namespace {

void send_own_signal(int signal) {
    SignalInfo info;
    info.signal = signal;
    info.code = code_user;
    info.pid = current_thread()->process->pid;
    info.uid = current_thread()->credentials->uid;
    (void)send_signal(*current_thread(), info).ok();
}

}  // namespace

Result<Ref<Pipe>> Pipe::create() {
    Ref<Pipe> pipe = TRY(make_ref<Pipe>());
    TRY(pipe->ring_.resize(default_slots));
    const_cast<u64&>(pipe->inode_number) = kernel().files->next_inode();
    pipe->created = Timestamp::now();
    return pipe;
}

Pipe::~Pipe() {
    for (PipeSlot& slot : ring_)
        if (slot.page != nullptr) heap_free(slot.page);
    if (spare_ != nullptr) heap_free(spare_);
}

u8* Pipe::take_page() {
    if (spare_ != nullptr) return std::exchange(spare_, nullptr);
    return static_cast<u8*>(heap_allocate(page_size));
}

void Pipe::give_page(u8* page) {
    if (spare_ == nullptr)
        spare_ = page;
    else
        heap_free(page);
}

Pipe::Step Pipe::read_locked(IoCursor& to) {
    Step step;
    while (used_ > 0 && to.remaining() > 0) {
        PipeSlot& front = slot(0);
        usize wanted = min<usize>(front.length, to.remaining());
        usize done = to.try_put(front.page + front.offset, wanted);
        front.offset += static_cast<u32>(done);
        front.length -= static_cast<u32>(done);
        bytes_ -= done;
        step.bytes += done;
        if (done < wanted) {
            step.fault = true;
            return step;
        }
        bool packet = front.packet;
        if (packet) {  // what does not fit is lost
            bytes_ -= front.length;
            front.length = 0;
        }
        if (front.length == 0) {
            give_page(std::exchange(front.page, nullptr));
            head_ = (head_ + 1) % static_cast<u32>(ring_.size());
            used_--;
        }
        if (packet) {
            step.end_of_packet = true;
            return step;
        }
    }
    return step;
}

Result<usize> Pipe::read(IoCursor& to, bool non_blocking) {
    if (to.remaining() == 0) return usize{0};
    usize total = 0;
    for (;;) {
        Step step;
        bool end;
        {
            LockGuard guard(mutex_);
            step = read_locked(to);
            end = writers_.load(std::memory_order_acquire) == 0;
        }
        total += step.bytes;
        if (step.bytes > 0) write_queue_.wake(poll_out | poll_write_normal);
        if (step.fault) {
            if (auto present = to.fault_in_front(true); !present.ok()) {
                if (total > 0) return total;
                return present.error();
            }
            continue;
        }
        if (total > 0 || end) return total;
        if (non_blocking) return Errno::eagain;
        if (!TRY(await_data(false))) return usize{0};
    }
}

bool Pipe::fits(usize wanted, bool packets) {
    usize room = (ring_.size() - used_) * page_size;
    if (!packets && used_ > 0) {
        PipeSlot& last = slot(used_ - 1);
        if (!last.packet) {
            usize tail = page_size - last.offset - last.length;
            // The first bytes may go behind what is there only if all of them or a fresh page do.
            room += tail;
        }
    }
    return room >= wanted;
}

Result<Pipe::Step> Pipe::write_locked(IoCursor& from, bool packets) {
    Step step;
    if (!packets && used_ > 0 && from.remaining() > 0) {
        PipeSlot& last = slot(used_ - 1);
        u32 end = last.offset + last.length;
        if (!last.packet && end < page_size) {
            usize wanted = min<usize>(page_size - end, from.remaining());
            usize done = from.try_take(last.page + end, wanted);
            last.length += static_cast<u32>(done);
            bytes_ += done;
            step.bytes += done;
            if (done < wanted) {
                step.fault = true;
                return step;
            }
        }
    }
    while (!full() && from.remaining() > 0) {
        u8* page = take_page();
        if (page == nullptr) {
            if (step.bytes > 0) return step;
            return Errno::enomem;
        }
        usize wanted = min<usize>(page_size, from.remaining());
        usize done = from.try_take(page, wanted);
        if (done == 0 || (packets && done < wanted)) {
            give_page(page);
            step.fault = true;
            return step;
        }
        PipeSlot& fresh = slot(used_);
        fresh = {page, 0, static_cast<u32>(done), packets};
        used_++;
        bytes_ += done;
        step.bytes += done;
        if (done < wanted) {
            step.fault = true;
            return step;
        }
    }
    return step;
}

Result<usize> Pipe::write(IoCursor& from, bool non_blocking, bool packets) {
    usize total = 0;
    usize whole = from.remaining();
    if (whole == 0) return usize{0};
    bool atomic = whole <= atomic_size;
    for (;;) {
        if (readers_.load(std::memory_order_acquire) == 0) {
            send_own_signal(sigpipe);
            if (total > 0) return total;
            return Errno::epipe;
        }
        Step step;
        bool room;
        {
            LockGuard guard(mutex_);
            room = total > 0 || !atomic ? !full() || fits(1, packets) : fits(from.remaining(), packets);
            if (room) step = TRY(write_locked(from, packets));
        }
        total += step.bytes;
        if (step.bytes > 0) read_queue_.wake(poll_in | poll_read_normal);
        if (from.remaining() == 0) return total;
        if (step.fault) {
            if (auto present = from.fault_in_front(false); !present.ok()) {
                if (total > 0) return total;
                return present.error();
            }
            continue;
        }
        if (non_blocking) {
            if (total > 0) return total;
            return Errno::eagain;
        }
        usize needed = atomic && total == 0 ? from.remaining() : 1;
        auto waited = wait_until(write_queue_, platform::no_deadline, [&] {
            LockGuard guard(mutex_);
            return readers_.load(std::memory_order_acquire) == 0 || fits(needed, packets);
        });
        if (!waited.ok()) {
            if (total > 0) return total;
            return waited.error();
        }
    }
}

Result<bool> Pipe::await_data(bool non_blocking) {
    auto ready = [&] {
        LockGuard guard(mutex_);
        return used_ > 0 || writers_.load(std::memory_order_acquire) == 0;
    };
    if (!ready()) {
        if (non_blocking) return Errno::eagain;
        TRY(wait_until(read_queue_, platform::no_deadline, ready));
    }
    LockGuard guard(mutex_);
    return used_ > 0;
}

Result<void> Pipe::await_room(bool non_blocking) {
    auto ready = [&] {
        LockGuard guard(mutex_);
        return !full() || readers_.load(std::memory_order_acquire) == 0;
    };
    if (!ready()) {
        if (non_blocking) return Errno::eagain;
        TRY(wait_until(write_queue_, platform::no_deadline, ready));
    }
    if (readers_.load(std::memory_order_acquire) == 0) {
        send_own_signal(sigpipe);
        return Errno::epipe;
    }
    return {};
}

u32 Pipe::poll(PollTable* table, bool reader, bool writer) {
    if (table != nullptr) {
        if (reader) table->add(read_queue_);
        if (writer) table->add(write_queue_);
    }
    LockGuard guard(mutex_);
    u32 events = 0;
    if (reader) {
        if (used_ > 0) events |= poll_in | poll_read_normal;
        // A fifo that never had a writer has not been hung up.
        if (writers_.load() == 0 && writer_openings_.load() > 0) events |= poll_hang_up;
    }
    if (writer) {
        if (!full()) events |= poll_out | poll_write_normal;
        if (readers_.load() == 0) events |= poll_error;
    }
    return events;
}

u64 Pipe::readable_bytes() {
    LockGuard guard(mutex_);
    return bytes_;
}

u64 Pipe::capacity() {
    LockGuard guard(mutex_);
    return ring_.size() * page_size;
}

Result<u64> Pipe::set_capacity(u64 bytes) {
    if (bytes > u64{1} << 31) return Errno::einval;
    u64 slots = 1;
    while (slots * page_size < bytes) slots *= 2;
    if (slots > slots_limit) return Errno::eperm;
    Vector<PipeSlot> ring;
    TRY(ring.resize(slots));
    {
        LockGuard guard(mutex_);
        if (used_ > slots) return Errno::ebusy;
        for (u32 i = 0; i < used_; i++) ring[i] = slot(i);
        for (PipeSlot& old : ring_) old.page = nullptr;
        std::swap(ring_, ring);
        head_ = 0;
    }
    write_queue_.wake(poll_out | poll_write_normal);
    return slots * page_size;
}

Pipe::Opening Pipe::add_end(bool reader, bool writer) {
    Opening opening{};
    {
        // One step with the look at the other side, which may see us, do all it wants and go at any moment.
        LockGuard guard(mutex_);
        if (reader) {
            readers_.fetch_add(1);
            reader_openings_.fetch_add(1);
        }
        if (writer) {
            writers_.fetch_add(1);
            writer_openings_.fetch_add(1);
        }
        opening = {readers_.load() > 0 && writers_.load() > 0, reader_openings_.load(),
                   writer_openings_.load()};
    }
    read_queue_.wake(0, ~u32{0});
    write_queue_.wake(0, ~u32{0});
    return opening;
}

void Pipe::remove_end(bool reader, bool writer) {
    bool last_reader, last_writer;
    {
        LockGuard guard(mutex_);
        last_reader = reader && readers_.fetch_sub(1) == 1;
        last_writer = writer && writers_.fetch_sub(1) == 1;
    }
    if (last_reader) write_queue_.wake(poll_error | poll_out, ~u32{0});
    if (last_writer) read_queue_.wake(poll_hang_up | poll_in, ~u32{0});
}

Result<void> Pipe::await_other_side(bool reader, bool writer, const Opening& opening) {
    if (opening.met) return {};
    if (reader && !writer) {
        return wait_until(read_queue_, platform::no_deadline,
                          [&] { return writers_.load() > 0 || writer_openings_.load() != opening.writers; });
    }
    if (writer && !reader) {
        return wait_until(write_queue_, platform::no_deadline,
                          [&] { return readers_.load() > 0 || reader_openings_.load() != opening.readers; });
    }
    return {};
}

Result<usize> Pipe::transfer(Pipe& from, Pipe& to, usize length, bool copy) LITEBOX_NO_ANALYSIS {
    if (&from == &to) return Errno::einval;
    Pipe* first = &from < &to ? &from : &to;
    Pipe* second = first == &from ? &to : &from;
    first->mutex_.lock();
    second->mutex_.lock();
    usize total = 0;
    Result<void> trouble;
    for (u32 i = 0; total < length && (copy ? i < from.used_ : from.used_ > 0); i++) {
        if (to.full()) break;
        PipeSlot& source = from.slot(copy ? i : 0);
        u32 amount = static_cast<u32>(min<usize>(source.length, length - total));
        u8* page = to.take_page();
        if (page == nullptr) {
            trouble = Errno::enomem;
            break;
        }
        memcpy(page, source.page + source.offset, amount);
        to.slot(to.used_) = {page, 0, amount, source.packet};
        to.used_++;
        to.bytes_ += amount;
        total += amount;
        if (copy) continue;
        source.offset += amount;
        source.length -= amount;
        from.bytes_ -= amount;
        if (source.length != 0) break;
        from.give_page(std::exchange(source.page, nullptr));
        from.head_ = (from.head_ + 1) % static_cast<u32>(from.ring_.size());
        from.used_--;
    }
    second->mutex_.unlock();
    first->mutex_.unlock();
    if (total > 0) {
        to.read_queue_.wake(poll_in | poll_read_normal);
        if (!copy) from.write_queue_.wake(poll_out | poll_write_normal);
        return total;
    }
    if (!trouble.ok()) return trouble.error();
    return usize{0};
}

}  // namespace litebox
