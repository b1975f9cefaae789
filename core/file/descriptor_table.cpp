// The table of descriptors.
//
// A slot is one word: the address of the file in the low 48 bits and, above it, how many readers are between
// having read the address and having counted the file ("borrowers"). Who takes the file out of the slot adds
// the borrowers to the file's references, so a borrower that finds its slot changed owns one. So get() needs
// no lock, and a file cannot vanish under a reader.
#include "core/file/file.h"
#include "core/file/locks.h"
#include "core/task/process.h"

namespace litebox {

namespace {

constexpr u64 borrow_unit = u64{1} << 48;
constexpr u64 address_mask = borrow_unit - 1;
constexpr u32 chunk_count = 15;
constexpr u32 first_chunk = 64;

/// The bits above an address repeat its 48th.
File* file_of(u64 word) {
    constexpr unsigned borrow_bits = 16;
    return reinterpret_cast<File*>(static_cast<i64>(word << borrow_bits) >> borrow_bits);
}
u64 word_of(File* file) {
    return reinterpret_cast<u64>(file) & address_mask;
}

// Chunk k holds 64 << k descriptors, so that chunks never move.
struct Position {
    u32 chunk, index;
};
Position position_of(u32 descriptor) {
    u32 chunk = 31 - static_cast<u32>(__builtin_clz(descriptor / first_chunk + 1));
    return {chunk, descriptor - first_chunk * ((1u << chunk) - 1)};
}
u32 chunk_size(u32 chunk) {
    return first_chunk << chunk;
}

struct Chunk {
    std::atomic<u64>* slots;
    std::atomic<u64>* open;           // a bit per descriptor
    std::atomic<u64>* close_on_exec;  // likewise
};

}  // namespace

struct DescriptorTable::State {
    Mutex mutex{LockRank::descriptor_table};
    std::atomic<Chunk*> chunks[chunk_count] = {};
    u32 lowest_free = 0;  // no free descriptor below; under the mutex

    [[nodiscard]] std::atomic<u64>* slot(u32 descriptor) const {
        if (descriptor >= limit) return nullptr;
        Position at = position_of(descriptor);
        Chunk* chunk = chunks[at.chunk].load(std::memory_order_acquire);
        return chunk == nullptr ? nullptr : &chunk->slots[at.index];
    }
    Result<Chunk*> make_chunk(u32 number);
    [[nodiscard]] bool bit(u32 descriptor, bool exec) const {
        Position at = position_of(descriptor);
        Chunk* chunk = chunks[at.chunk].load(std::memory_order_acquire);
        if (chunk == nullptr) return false;
        auto* bits = exec ? chunk->close_on_exec : chunk->open;
        return (bits[at.index / 64].load(std::memory_order_relaxed) >> (at.index % 64) & 1) != 0;
    }
    void set_bit(u32 descriptor, bool exec, bool value) {
        Position at = position_of(descriptor);
        Chunk* chunk = chunks[at.chunk].load(std::memory_order_acquire);
        auto& word = (exec ? chunk->close_on_exec : chunk->open)[at.index / 64];
        u64 mask = u64{1} << (at.index % 64);
        if (value)
            word.fetch_or(mask, std::memory_order_relaxed);
        else
            word.fetch_and(~mask, std::memory_order_relaxed);
    }
    u32 find_free(u32 from) const;
    int next_open(u32 from) const;
    File* take_out(u32 descriptor);
};

Result<Chunk*> DescriptorTable::State::make_chunk(u32 number) {
    Chunk* there = chunks[number].load(std::memory_order_acquire);
    if (there != nullptr) return there;
    u32 size = chunk_size(number);
    usize bytes = sizeof(Chunk) + size * sizeof(u64) + 2 * (size / 64) * sizeof(u64);
    void* memory = heap_allocate(bytes);
    if (memory == nullptr) return Errno::enomem;
    memset(memory, 0, bytes);
    auto* chunk = static_cast<Chunk*>(memory);
    chunk->slots = reinterpret_cast<std::atomic<u64>*>(chunk + 1);
    chunk->open = chunk->slots + size;
    chunk->close_on_exec = chunk->open + size / 64;
    chunks[number].store(chunk, std::memory_order_release);
    return chunk;
}

// Lowest closed descriptor from `from`; a missing chunk is all free.
u32 DescriptorTable::State::find_free(u32 from) const {
    for (u32 descriptor = from; descriptor < limit;) {
        Position at = position_of(descriptor);
        Chunk* chunk = chunks[at.chunk].load(std::memory_order_acquire);
        if (chunk == nullptr) return descriptor;
        u64 taken =
            chunk->open[at.index / 64].load(std::memory_order_relaxed) | ((u64{1} << (at.index % 64)) - 1);
        if (taken != ~u64{0}) return descriptor - at.index % 64 + static_cast<u32>(__builtin_ctzll(~taken));
        descriptor += 64 - at.index % 64;
    }
    return limit;
}

int DescriptorTable::State::next_open(u32 from) const {
    for (u32 descriptor = from; descriptor < limit;) {
        Position at = position_of(descriptor);
        Chunk* chunk = chunks[at.chunk].load(std::memory_order_acquire);
        if (chunk == nullptr) {
            descriptor += chunk_size(at.chunk) - at.index;
            continue;
        }
        u64 open = chunk->open[at.index / 64].load(std::memory_order_relaxed) >> (at.index % 64);
        if (open != 0) return static_cast<int>(descriptor + static_cast<u32>(__builtin_ctzll(open)));
        descriptor += 64 - at.index % 64;
    }
    return -1;
}

// Empties a slot; the caller owns the reference that the slot had.
File* DescriptorTable::State::take_out(u32 descriptor) {
    std::atomic<u64>* slot = this->slot(descriptor);
    if (slot == nullptr) return nullptr;
    // Borrowers must own their references before the slot's own can go: count first, then see whether more
    // came.
    u64 word = slot->load(std::memory_order_acquire);
    File* file = file_of(word);
    if (file == nullptr) return nullptr;
    u64 counted = 0;
    do {
        for (u64 borrowers = word >> 48; counted < borrowers; counted++) file->ref();
        for (u64 borrowers = word >> 48; counted > borrowers; counted--) file->unref();
    } while (!slot->compare_exchange_weak(word, 0, std::memory_order_acq_rel));
    return file;
}

DescriptorTable::DescriptorTable() = default;

Result<Ref<DescriptorTable>> DescriptorTable::create() {
    Ref<DescriptorTable> table = TRY(make_ref<DescriptorTable>());
    Own<State> state = TRY(make_own<State>());
    TRY(state->make_chunk(0));
    table->state_ = state.release();
    return table;
}

DescriptorTable::~DescriptorTable() {
    if (state_ == nullptr) return;
    close_all();
    for (auto& chunk : state_->chunks)
        if (Chunk* there = chunk.load()) heap_free(there);
    HeapDelete<State>{}(state_);
}

Result<Ref<File>> DescriptorTable::get(int descriptor) const {
    std::atomic<u64>* slot = state_->slot(static_cast<u32>(descriptor));
    if (slot == nullptr) return Errno::ebadf;
    u64 word = slot->load(std::memory_order_acquire);
    do {
        if (file_of(word) == nullptr) return Errno::ebadf;
    } while (!slot->compare_exchange_weak(word, word + borrow_unit, std::memory_order_acq_rel));
    File* file = file_of(word);
    file->ref();
    word = slot->load(std::memory_order_acquire);
    for (;;) {
        if (file_of(word) != file || word < borrow_unit) {
            file->unref();  // whoever emptied the slot counted us
            break;
        }
        if (slot->compare_exchange_weak(word, word - borrow_unit, std::memory_order_acq_rel)) break;
    }
    return Ref<File>::adopt(file);
}

Result<FileHold> DescriptorTable::hold(int descriptor) const {
    if (ref_count() == 1) {
        std::atomic<u64>* slot = state_->slot(static_cast<u32>(descriptor));
        File* file = slot == nullptr ? nullptr : file_of(slot->load(std::memory_order_acquire));
        if (file == nullptr) return Errno::ebadf;
        return FileHold(file, false);
    }
    return FileHold(TRY(get(descriptor)).leak(), true);
}

namespace {

u32 descriptor_limit() {
    Process* process = current_thread()->process;
    u64 soft = __atomic_load_n(&process->limits[limit_nofile].soft, __ATOMIC_RELAXED);
    return static_cast<u32>(min<u64>(soft, DescriptorTable::limit));
}

void finish_close(File* file, const DescriptorTable* table) {
    file->descriptor_closed();
    release_record_locks(*file, table);
    file->unref();
}

}  // namespace

Result<int> DescriptorTable::add(Ref<File> file, bool close_on_exec, int lowest) {
    u32 bound = descriptor_limit();
    LockGuard guard(state_->mutex);
    u32 from = static_cast<u32>(lowest);
    bool hinted = from <= state_->lowest_free;
    u32 descriptor = state_->find_free(hinted ? state_->lowest_free : from);
    if (descriptor >= bound) return Errno::emfile;
    TRY(state_->make_chunk(position_of(descriptor).chunk));
    state_->set_bit(descriptor, false, true);
    state_->set_bit(descriptor, true, close_on_exec);
    state_->slot(descriptor)->store(word_of(file.leak()), std::memory_order_release);
    if (hinted) state_->lowest_free = descriptor + 1;
    return static_cast<int>(descriptor);
}

Result<void> DescriptorTable::set(int descriptor, Ref<File> file, bool close_on_exec) {
    if (descriptor < 0 || static_cast<u32>(descriptor) >= descriptor_limit()) return Errno::ebadf;
    auto number = static_cast<u32>(descriptor);
    File* old;
    {
        LockGuard guard(state_->mutex);
        TRY(state_->make_chunk(position_of(number).chunk));
        old = state_->take_out(number);
        state_->set_bit(number, false, true);
        state_->set_bit(number, true, close_on_exec);
        state_->slot(number)->store(word_of(file.leak()), std::memory_order_release);
    }
    if (old != nullptr) finish_close(old, this);
    return {};
}

Result<void> DescriptorTable::close(int descriptor) {
    auto number = static_cast<u32>(descriptor);
    File* old;
    {
        LockGuard guard(state_->mutex);
        old = state_->take_out(number);
        if (old == nullptr) return Errno::ebadf;
        state_->set_bit(number, false, false);
        state_->set_bit(number, true, false);
        state_->lowest_free = min(state_->lowest_free, number);
    }
    finish_close(old, this);
    return {};
}

Result<void> DescriptorTable::close_range(u32 first, u32 last) {
    for (u32 from = first; from < limit;) {
        int descriptor = state_->next_open(from);
        if (descriptor < 0 || static_cast<u32>(descriptor) > last) break;
        (void)close(descriptor).ok();
        from = static_cast<u32>(descriptor) + 1;
    }
    return {};
}

Result<bool> DescriptorTable::close_on_exec(int descriptor) const {
    auto number = static_cast<u32>(descriptor);
    std::atomic<u64>* slot = state_->slot(number);
    if (slot == nullptr || file_of(slot->load()) == nullptr) return Errno::ebadf;
    return state_->bit(number, true);
}

Result<void> DescriptorTable::set_close_on_exec(int descriptor, bool value) {
    auto number = static_cast<u32>(descriptor);
    LockGuard guard(state_->mutex);
    std::atomic<u64>* slot = state_->slot(number);
    if (slot == nullptr || file_of(slot->load()) == nullptr) return Errno::ebadf;
    state_->set_bit(number, true, value);
    return {};
}

Result<void> DescriptorTable::mark_range_close_on_exec(u32 first, u32 last) {
    LockGuard guard(state_->mutex);
    for (u32 from = first; from < limit;) {
        int descriptor = state_->next_open(from);
        if (descriptor < 0 || static_cast<u32>(descriptor) > last) break;
        state_->set_bit(static_cast<u32>(descriptor), true, true);
        from = static_cast<u32>(descriptor) + 1;
    }
    return {};
}

Result<Ref<DescriptorTable>> DescriptorTable::copy(int up_to) {
    Ref<DescriptorTable> result = TRY(create());
    LockGuard guard(state_->mutex);
    for (int descriptor = state_->next_open(0); descriptor >= 0;
         descriptor = state_->next_open(static_cast<u32>(descriptor) + 1)) {
        if (up_to >= 0 && descriptor >= up_to) break;
        auto number = static_cast<u32>(descriptor);
        TRY(result->state_->make_chunk(position_of(number).chunk));
        // Under the mutex nobody empties the slot, so its own reference holds the file.
        File* file = file_of(state_->slot(number)->load(std::memory_order_acquire));
        if (file == nullptr) continue;
        file->ref();
        result->state_->slot(number)->store(word_of(file), std::memory_order_relaxed);
        result->state_->set_bit(number, false, true);
        result->state_->set_bit(number, true, state_->bit(number, true));
    }
    return result;
}

void DescriptorTable::close_on_exec_all() {
    for (int descriptor = next(0); descriptor >= 0; descriptor = next(descriptor + 1))
        if (state_->bit(static_cast<u32>(descriptor), true)) (void)close(descriptor).ok();
}

void DescriptorTable::close_all() {
    (void)close_range(0, ~u32{0}).ok();
}

int DescriptorTable::next(int from) const {
    return state_->next_open(static_cast<u32>(max(from, 0)));
}

}  // namespace litebox
