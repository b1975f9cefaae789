// Pages of host files read and written back. Everything here may sleep.

#include "core/base/string.h"
#include "platform/vm/memory/cache_files.h"
#include "platform/vm/memory/cache_index.h"
#include "platform/vm/memory/cache_pages.h"
#include "platform/vm/memory/pages.h"
#include "platform/vm/memory/reverse_map.h"
#include "platform/vm/memory/state.h"

namespace litebox::vm {

namespace {

FileCache& cache() {
    return memory_state().files;
}

/// So many pages come in one request where memory is plenty.
constexpr unsigned window_order = 5;

/// Frames in a row that a read goes to.
class Window : Pinned {
  public:
    /// Around the page `index`. ENOMEM.
    Result<void> begin(u64 index) {
        auto many = frames().allocate(window_order, FrameUse::file);
        unsigned order = many.ok() ? window_order : 0;
        first_ = many.ok() ? many.value() : TRY(frames().allocate(0, FrameUse::file));
        count_ = u64{1} << order;
        index_ = index & ~(count_ - 1);
        return {};
    }
    ~Window() {
        if (count_ > 0) frames().release_run(first_, count_);
    }
    [[nodiscard]] u64 index() const { return index_; }
    [[nodiscard]] u64 count() const { return count_; }
    [[nodiscard]] Physical frame(u64 i) const { return first_ + i * page_size; }
    [[nodiscard]] std::span<u8> bytes() const {
        return {static_cast<u8*>(direct(first_)), count_ * page_size};
    }

  private:
    Physical first_ = 0;
    u64 count_ = 0, index_ = 0;
};

/// Puts the pages that a read filled into the cache, where they are still absent and nothing has changed the
/// file since `changes`. False: it has.
Result<bool> adopt(CachedFile& file, const Window& window, usize bytes, u64 changes) {
    u64 filled = page_up(bytes) / page_size;
    SpinGuard guard(cache().lock);
    if (file.changes != changes) return false;
    if (bytes < window.bytes().size()) file.end = window.index() * page_size + bytes;
    for (u64 i = 0; i < filled; i++) {
        if (find_page(file, window.index() + i) != 0) continue;
        TRY(insert_page(file, window.index() + i, window.frame(i)));
        frames().retain(window.frame(i));
        frames().set_contents(window.frame(i), FileSource{file.number, window.index() + i}.packed());
        cache().frames++;
    }
    return true;
}

/// ENOMEM gives the cache's own pages a chance to make room.
template <typename Try>
Result<void> with_reclaim(Try&& attempt) {
    constexpr u64 enough = 64;
    for (;;) {
        auto done = attempt();
        if (done.ok() || done.error() != Errno::enomem || reclaim_cached(enough) == 0) return done;
    }
}

Result<void> read_window(CachedFile& file, u64 index) {
    for (;;) {
        u64 changes = 0;
        {
            SpinGuard guard(cache().lock);
            if (find_page(file, index) != 0) return {};
            changes = file.changes;
        }
        Window window;
        TRY(window.begin(index));
        usize bytes = TRY(file.backing->read(window.index() * page_size, window.bytes()));
        if (bytes > window.bytes().size()) return Errno::eio;
        usize rest = page_up(bytes) - bytes;
        memset(window.bytes().data() + bytes, 0, rest);
        if (!TRY(adopt(file, window, bytes, changes))) continue;
        return index - window.index() < page_up(bytes) / page_size ? Result<void>() : Errno::efault;
    }
}

/// The next changed page at or behind `index`, with one more reference; `writable`: a mapping still lets
/// writes through, so it stays changed.
struct Changed {
    u64 index = no_index;
    Physical frame = 0;
    u64 bytes = 0;
};
Changed next_changed(CachedFile& file, u64 index) {
    constexpr u32 looks = 128;
    for (;;) {
        SpinGuard guard(cache().lock);
        for (u32 i = 0; i < looks; i++) {
            index = next_page(file, index);
            if (index == no_index) return {};
            Physical frame = find_page(file, index);
            u32& word = frames().owner_word(frame);
            if ((word & page_changed) == 0) {
                index++;
                continue;
            }
            if (word == page_changed) mark_unchanged(word);
            frames().retain(frame);
            u64 begin = index * page_size;
            return {index, frame, file.end > begin ? min(file.end - begin, page_size) : 0};
        }
    }
}

}  // namespace

Result<void> read_page(u32 number, u64 index) {
    CachedFile& file = file_at(number);
    return with_reclaim([&] { return read_window(file, index); });
}

Result<usize> read_cached(CachedFile& file, void* to, usize length, u64 offset) {
    usize done = 0;
    while (done < length) {
        u64 at = offset + done, in_page = at % page_size, end = 0;
        Physical frame = 0;
        {
            SpinGuard guard(cache().lock);
            end = file.end;
            frame = find_page(file, at / page_size);
            if (frame != 0) frames().retain(frame);
        }
        usize part = min<usize>(length - done, page_size - in_page);
        if (frame != 0) {
            part = at < end ? min<usize>(part, end - at) : 0;
            memcpy(static_cast<u8*>(to) + done, static_cast<const u8*>(direct(frame)) + in_page, part);
            frames().release(frame);
            if (part == 0) break;
            done += part;
            continue;
        }
        if (at >= end) break;
        auto read = read_page(file.number, at / page_size);
        if (read.ok()) continue;
        if (read.error() == Errno::efault || done > 0) break;
        return read.error();
    }
    return done;
}

Result<void> flush_cached(CachedFile& file) {
    Result<void> outcome;
    for (Changed page; (page = next_changed(file, page.index + 1)).index != no_index;) {
        const auto* bytes = static_cast<const u8*>(direct(page.frame));
        auto written = file.backing->write(page.index * page_size, {bytes, page.bytes});
        if (!written.ok()) {
            SpinGuard guard(cache().lock);
            mark_changed(frames().owner_word(page.frame));
            if (outcome.ok()) outcome = written;
        }
        frames().release(page.frame);
    }
    return outcome;
}

void write_back_changed() {
    if (changed_frames() == 0) return;
    stop_writes_to_files();
    flush_all_cached();
}

void flush_all_cached() {
    for (u32 number = 0;; number++) {
        CachedFile* file = nullptr;
        {
            SpinGuard guard(cache().lock);
            if (number >= cache().used) return;
            file = &file_at(number);
            if (file->backing == nullptr) continue;
            file->users++;
        }
        (void)flush_cached(*file);
        close_cached_file(*file);
    }
}

}  // namespace litebox::vm
