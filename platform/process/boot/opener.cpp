// The openers' loop: takes requests out of a lane, has them served, answers. And how the openers come to be.
#include "platform/process/boot/opener.h"

#include "platform/process/boot/opener_state.h"

namespace litebox::process {

namespace {

/// For how long an opener waits awake for the next request, where there is a processor to do it on: about as
/// long as waking it would take.
constexpr u32 awake_turns = 1000;

bool changes_host(FileOperation operation) {
    switch (operation) {
        case FileOperation::create:
        case FileOperation::create_symlink:
        case FileOperation::link:
        case FileOperation::remove:
        case FileOperation::rename:
        case FileOperation::set_attributes:
        case FileOperation::set_attribute:
        case FileOperation::remove_attribute:
            return true;
        default:
            return false;
    }
}

i32 serve_read_link(Opener& opener) {
    Job& job = opener.job;
    HeldFile file(open_beneath(opener, job.request.grant, job.name, o_path));
    if (!file.good()) return file.error();
    i64 length = read_link(file, job.other);
    if (failed(length)) return length == -enoent ? einval : to_error(length);
    memcpy(job.shared, job.other, static_cast<usize>(length));
    job.reply.bytes = static_cast<u32>(length);
    return 0;
}

i32 serve_space(Opener& opener) {
    HeldFile directory(open_beneath(opener, opener.job.request.grant, "", o_path));
    if (!directory.good()) return directory.error();
    u64 s[16] = {};
    i64 done = raw::call(raw::nr_fstatfs, directory.number(), reinterpret_cast<u64>(s));
    opener.job.reply.space = {s[0], s[1], s[2], s[3], s[5], s[6], s[8]};
    return to_error(done);
}

i32 serve_named(Opener& opener) {
    Job& job = opener.job;
    const FileRequest& r = job.request;
    const auto* row = grant_of(opener, r.grant);
    if (row == nullptr) return enoent;
    if (changes_host(r.operation) && row->kind != platform::GrantParameters::Kind::read_write) return erofs;
    if (i32 error = take_name(job.name, job.shared, r.first_length)) return error;
    switch (r.operation) {
        case FileOperation::open:
            return describe(opener, r.grant, job.name, r.flags, job.reply.node);
        case FileOperation::open_many:
            return serve_open_many(opener);
        case FileOperation::list:
            return serve_list(opener);
        case FileOperation::read_link:
            return serve_read_link(opener);
        case FileOperation::create:
            return serve_create(opener);
        case FileOperation::remove:
            return serve_remove(opener);
        case FileOperation::set_attributes:
            return serve_set_attributes(opener);
        case FileOperation::space:
            return serve_space(opener);
        case FileOperation::create_symlink:
            return serve_create_symlink(opener);
        case FileOperation::link:
        case FileOperation::rename:
            return serve_two_names(opener, r.operation == FileOperation::link);
        case FileOperation::get_attribute:
        case FileOperation::list_attributes:
        case FileOperation::set_attribute:
        case FileOperation::remove_attribute:
            return serve_extended(opener);
        default:
            return enosys;
    }
}

bool by_slot(FileOperation operation) {
    switch (operation) {
        case FileOperation::attributes:
        case FileOperation::release:
        case FileOperation::write:
        case FileOperation::truncate:
        case FileOperation::allocate:
        case FileOperation::sync:
        case FileOperation::seek:
        case FileOperation::lock:
            return true;
        default:
            return false;
    }
}

void serve(Opener& opener, FileSlot& slot) {
    Job& job = opener.job;
    memcpy(&job.request, &slot.request, sizeof(job.request));
    asm volatile("" : : : "memory");  // the copy is what is checked
    job.reply = {};
    job.reply.node.slot = platform::no_host_slot;
    job.shared = slot.data;
    job.reply.error = by_slot(job.request.operation) ? serve_slot(opener) : serve_named(opener);
    announce_changes(*opener.pool);
    memcpy(&slot.reply, &job.reply, sizeof(job.reply));
    if (slot.state.exchange(FileSlot::answered, std::memory_order_acq_rel) == FileSlot::awaited)
        raw::call(raw::nr_futex, reinterpret_cast<u64>(&slot.state), raw::futex_wake, 0x7fffffff);
}

bool take_requests(Opener& opener, FileLane& lane) {
    bool any = false;
    for (FileSlot& slot : lane.slots) {
        u32 state = slot.state.load(std::memory_order_acquire);
        if (state != FileSlot::posted && state != FileSlot::awaited) continue;
        any = true;
        serve(opener, slot);
        lane.requests.fetch_add(1, std::memory_order_relaxed);
    }
    return any;
}

void answer_supervisor(Opener& opener, FileLane& lane) {
    u32 asked = lane.drains_asked.load(std::memory_order_acquire);
    if (asked == lane.drains_done.load(std::memory_order_relaxed)) return;
    announce_changes(*opener.pool);
    lane.drains_done.store(asked, std::memory_order_release);
    raw::call(raw::nr_futex, reinterpret_cast<u64>(&lane.drains_done), raw::futex_wake, 0x7fffffff);
}

}  // namespace

void serve_lane(Opener& opener) {
    FileLane& lane = opener.pool->ring->lanes[opener.lane];
    u32 seen = lane.bell.load(std::memory_order_acquire) - 1, turns = 0;
    for (;;) {
        u32 bell = lane.bell.load(std::memory_order_acquire);
        if (bell != seen) {
            seen = bell;
            bool any = take_requests(opener, lane);
            if (opener.lane == 0) answer_supervisor(opener, lane);
            turns = any && lane.spin_wanted.load(std::memory_order_relaxed) != 0 ? awake_turns : 0;
            continue;
        }
        if (turns > 0) {
            turns--;
            __builtin_ia32_pause();
            continue;
        }
        lane.sleeping.store(1);
        if (lane.bell.load() == seen)
            raw::call(raw::nr_futex, reinterpret_cast<u64>(&lane.bell), raw::futex_wait, seen, 0);
        lane.sleeping.store(0);
    }
}

}  // namespace litebox::process
