// Extended attributes: user.* of what lies beneath a grant; access lists to read. The kernel takes them by
// path only, so the opener stands in the file's directory: one component, never followed.
#include "platform/process/boot/opener_state.h"

namespace litebox::process {

namespace {

constexpr usize longest_attribute_name = 255;

bool begins(const char* text, const char* with) {
    while (*with != '\0')
        if (*text++ != *with++) return false;
    return true;
}

/// The attribute's name, behind the file's.
i32 take_attribute_name(Job& job) {
    u32 begin = job.request.first_length, length = job.request.second_length;
    if (begin > FileSlot::data_size || length > FileSlot::data_size - begin) return einval;
    if (length == 0 || length > longest_attribute_name) return erange;
    memcpy(job.other, job.shared + begin, length);
    job.other[length] = '\0';
    bool reads = job.request.operation == FileOperation::get_attribute;
    if (begins(job.other, "user.") || (reads && begins(job.other, "system.posix_acl_"))) return 0;
    bool guarded = begins(job.other, "security.") || begins(job.other, "trusted.");
    if (guarded) return reads ? enodata : eperm;
    return eopnotsupp;
}

i32 set_value(Job& job, u64 file, u64 name) {
    u32 begin = job.request.first_length + job.request.second_length, length = job.request.third_length;
    if (begin > FileSlot::data_size || length > FileSlot::data_size - begin) return einval;
    constexpr u32 create_and_replace = 3;
    return to_error(raw::call(raw::nr_lsetxattr, file, name, reinterpret_cast<u64>(job.shared + begin),
                              length, job.request.flags & create_and_replace));
}

i32 answer_bytes(Job& job, i64 length) {
    if (failed(length)) return to_error(length);
    job.reply.bytes = static_cast<u32>(length);
    return 0;
}

}  // namespace

i32 serve_extended(Opener& opener) {
    Job& job = opener.job;
    bool names = job.request.operation == FileOperation::list_attributes;
    if (!names)
        if (i32 error = take_attribute_name(job)) return error;
    const char* last = ".";
    HeldFile parent(job.name[0] == '\0' ? open_beneath(opener, job.request.grant, "", o_path | o_directory)
                                        : open_parent(opener, job.request.grant, job.name, last));
    if (!parent.good()) return parent.error();
    if (i32 error = stand_in(opener, parent.number())) return error;
    u64 file = reinterpret_cast<u64>(last), name = reinterpret_cast<u64>(job.other),
        to = reinterpret_cast<u64>(job.shared);
    switch (job.request.operation) {
        case FileOperation::list_attributes:
            return answer_bytes(job, raw::call(raw::nr_llistxattr, file, to, FileSlot::data_size));
        case FileOperation::get_attribute:
            return answer_bytes(job, raw::call(raw::nr_lgetxattr, file, name, to, FileSlot::data_size));
        case FileOperation::set_attribute:
            return set_value(job, file, name);
        case FileOperation::remove_attribute:
            return to_error(raw::call(raw::nr_lremovexattr, file, name));
        default:
            return enosys;
    }
}

}  // namespace litebox::process
