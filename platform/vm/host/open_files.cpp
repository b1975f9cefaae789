#include "platform/vm/host/open_files.h"

namespace litebox::vm {

// ------------------------------------------------------------------------------------------------ files

/// A fid for writing also reads.
u32 OpenFile::fid(bool writes) const {
    u32 writing = write_fid_.load(std::memory_order_acquire),
        reading = read_fid_.load(std::memory_order_acquire);
    return writes || reading == 0 ? writing : reading;
}

u64 OpenFile::known_size() {
    SpinGuard guard(lock_);
    return known_.size;
}

void OpenFile::learn(const platform::HostAttributes& seen) {
    SpinGuard guard(lock_);
    known_ = seen;
}

bool OpenFile::changed_since(const platform::HostAttributes& seen) {
    SpinGuard guard(lock_);
    return known_.size != seen.size || known_.modify.seconds != seen.modify.seconds ||
           known_.modify.nanoseconds != seen.modify.nanoseconds;
}

/// A short answer is the file's end only where the end was known to be.
Result<usize> OpenFile::read(u64 offset, std::span<u8> to) {
    usize done = 0;
    while (done < to.size()) {
        usize count = TRY(client_.read(fid(false), offset + done, to.subspan(done)));
        done += count;
        if (count == 0 || offset + done == known_size()) break;
    }
    return done;
}

Result<void> OpenFile::write(u64 offset, std::span<const u8> from) {
    u64 size = known_size();
    if (offset >= size) return {};
    from = from.first(min<u64>(from.size(), size - offset));
    while (!from.empty()) {
        usize done = TRY(client_.write(fid(true), offset, from));
        if (done == 0) return Errno::eio;
        offset += done;
        from = from.subspan(done);
    }
    return {};
}

void OpenFile::forgotten() {
    SpinGuard guard(owner_.lock_);
    in_cache_ = false;
    if (users_ > 0) return;
    owner_.unlink(*this);
    next_ = owner_.dead_;
    owner_.dead_ = this;
}

Result<platform::HostAttributes> OpenFile::attributes() {
    auto told = client_.attributes(fid(false));
    if (told.ok() && told.value().inode == inode_) {
        learn(told.value());
        return told.value();
    }
    if (!told.ok() && told.error() != Errno::enoent) return told.error();
    SpinGuard guard(lock_);
    known_.links = 0;
    return platform::HostAttributes(known_);
}

Result<usize> OpenFile::write_some(u64 offset, std::span<const u8> from) {
    usize done = TRY(client_.write(fid(true), offset, from));
    SpinGuard guard(lock_);
    known_.size = max(known_.size, offset + done);
    return done;
}

Result<void> OpenFile::truncate(u64 size) {
    auto told = client_.attributes(fid(true));
    if (!told.ok() && told.error() != Errno::enoent) return told.error();
    if (!told.ok() || told.value().inode != inode_) return Errno::estale;
    NinePClient::Change change;
    change.fields = NinePClient::Change::size;
    change.size_value = size;
    TRY(client_.set_attributes(fid(true), change));
    SpinGuard guard(lock_);
    known_.size = size;
    return {};
}

// ------------------------------------------------------------------------------------------------ records

Result<OpenFile*> OpenFiles::find(const platform::HostAttributes& seen) {
    bury();
    Own<OpenFile> made;
    for (;;) {
        {
            SpinGuard guard(lock_);
            OpenFile*& bucket = buckets_[seen.inode % bucket_count];
            for (OpenFile* file = bucket; file != nullptr; file = file->next_) {
                if (file->inode_ != seen.inode) continue;
                file->users_++;
                return file;
            }
            if (made) {
                made->users_ = 1;
                made->next_ = bucket;
                return bucket = made.release();
            }
        }
        made = TRY(make_own<OpenFile>(*this, *client_, seen.inode));
        made->learn(seen);
    }
}

void OpenFiles::unlink(OpenFile& file) {
    OpenFile** place = &buckets_[file.inode_ % bucket_count];
    while (*place != &file) place = &(*place)->next_;
    *place = file.next_;
}

void OpenFiles::drop(OpenFile& file) {
    {
        SpinGuard guard(lock_);
        if (--file.users_ > 0 || file.in_cache_) return;
        unlink(file);
        file.next_ = dead_;
        dead_ = &file;
    }
    bury();
}

/// Gives up the fids of files that nobody has any more, and their records.
void OpenFiles::bury() {
    OpenFile* dead;
    {
        SpinGuard guard(lock_);
        dead = std::exchange(dead_, nullptr);
    }
    while (dead != nullptr) {
        Own<OpenFile> one(dead);
        dead = dead->next_;
        for (std::atomic<u32>* number : {&one->read_fid_, &one->write_fid_})
            if (u32 fid = number->load(std::memory_order_relaxed); fid != 0) Fid(*client_, fid);
    }
}

void OpenFiles::give_fid(OpenFile& file, Fid fid, bool writable) {
    std::atomic<u32>& place = writable ? file.write_fid_ : file.read_fid_;
    u32 none = 0;
    // Another was as fast: then this one is given up.
    if (place.compare_exchange_strong(none, fid.number(), std::memory_order_acq_rel)) (void)fid.keep();
}

// ------------------------------------------------------------------------------------------------ slots

/// Round and round, so that a number is not used again soon.
Result<int> OpenFiles::take_number(bool writable) {
    u32 begin = writable ? read_slots : 0, count = writable ? write_slots : read_slots;
    SpinGuard guard(lock_);
    u32& next = next_[writable ? 1 : 0];
    for (u32 tried = 0; tried < count; tried++) {
        u32 number = begin + next;
        next = (next + 1) % count;
        u64 bit = u64{1} << number % 64;
        if ((taken_[number / 64] & bit) != 0) continue;
        taken_[number / 64] |= bit;
        return static_cast<int>(number);
    }
    return Errno::enfile;
}

Result<CachedFile*> OpenFiles::open_cached(OpenFile& file) {
    constexpr u64 device = 1;
    bool kept = false;
    CachedFile* cached = TRY(open_cached_file({device, file.inode_}, file, &kept));
    SpinGuard guard(lock_);
    if (kept) file.in_cache_ = true;
    return cached;
}

Result<int> OpenFiles::make_slot(OpenFile& file, bool writable, u32 grant, u32 watch, u32 renames) {
    int number = TRY(take_number(writable));
    auto give_back = [&](Errno error) {
        SpinGuard guard(lock_);
        taken_[number / 64] &= ~(u64{1} << number % 64);
        return error;
    };
    u32 at = static_cast<u32>(number) / slots_per_chunk;
    bool missing;
    {
        SpinGuard guard(lock_);
        missing = chunks_[at] == nullptr;
    }
    Own<Chunk> chunk;
    if (missing) {
        auto made = make_own<Chunk>();
        if (!made.ok()) return give_back(made.error());
        chunk = std::move(made).value();
    }
    auto cached = open_cached(file);
    if (!cached.ok()) return give_back(cached.error());
    SpinGuard guard(lock_);
    if (chunks_[at] == nullptr) chunks_[at] = chunk.release();
    chunks_[at]->slots[number % slots_per_chunk] = {&file, cached.value(), grant, watch, renames};
    return number;
}

Result<SlotUse> OpenFiles::use(int slot) {
    u32 number = static_cast<u32>(slot);
    if (number >= read_slots + write_slots) return Errno::ebadf;
    SpinGuard guard(lock_);
    Chunk* chunk = chunks_[number / slots_per_chunk];
    if (chunk == nullptr || chunk->slots[number % slots_per_chunk].file == nullptr) return Errno::ebadf;
    const Slot& found = chunk->slots[number % slots_per_chunk];
    return SlotUse{found.file, found.cached, found.grant, number >= read_slots, found.watch, found.renames};
}

void OpenFiles::release(int slot) {
    u32 number = static_cast<u32>(slot);
    Slot released;
    {
        SpinGuard guard(lock_);
        Chunk* chunk = number < read_slots + write_slots ? chunks_[number / slots_per_chunk] : nullptr;
        if (chunk == nullptr || chunk->slots[number % slots_per_chunk].file == nullptr) return;
        released = std::exchange(chunk->slots[number % slots_per_chunk], {});
        taken_[number / 64] &= ~(u64{1} << number % 64);
    }
    close_cached_file(*released.cached);
    drop(*released.file);
}

}  // namespace litebox::vm
