#include "arch/x86_64/xsave.h"
#include "core/kernel.h"
#include "core/task/lifecycle.h"
#include "core/task/task_table.h"
#include "linux/task_calls.h"

namespace litebox::sys {

namespace {

constexpr u32 unchanged = ~u32{0};

/// A changed copy of the thread's credentials becomes its own.
template <typename Change>
Result<u64> change_credentials(Thread& thread, Change&& change) {
    auto fresh = TRY(thread.credentials->copy());
    TRY(change(*fresh));
    replace_shared(thread, &Thread::credentials, std::move(fresh));
    return u64{0};
}

/// Capabilities follow the user ids when root is left or entered (capabilities(7), "Effect of user ID
/// changes").
void adjust_capabilities(Credentials& who, const Credentials& before) {
    bool had_root = before.uid == 0 || before.euid == 0 || before.suid == 0;
    bool has_root = who.uid == 0 || who.euid == 0 || who.suid == 0;
    constexpr u32 no_fixup = 4, keep_caps = 16;
    if ((who.securebits & no_fixup) != 0) return;
    if (had_root && !has_root && (who.securebits & keep_caps) == 0)
        who.permitted = who.effective = who.ambient = 0;
    if (before.euid == 0 && who.euid != 0) who.effective = 0;
    if (before.euid != 0 && who.euid == 0) who.effective = who.permitted;
}

bool allowed(const Credentials& who, int capability, u32 wanted, u32 a, u32 b, u32 c) {
    return wanted == unchanged || who.capable(capability) || wanted == a || wanted == b || wanted == c;
}

Result<Ref<Process>> process_or_self(Thread& thread, i32 pid) {
    if (pid == 0) return Ref<Process>(thread.process);
    auto process = tasks().find_process(pid);
    if (!process) return Errno::esrch;
    return process;
}

}  // namespace

Result<u64> getpid(Thread& thread) {
    return static_cast<u64>(thread.process->pid);
}
Result<u64> gettid(Thread& thread) {
    return static_cast<u64>(thread.tid);
}
Result<u64> getppid(Thread& thread) {
    LockGuard guard(tasks().mutex);
    Process* parent = thread.process->parent;
    return parent != nullptr ? static_cast<u64>(parent->pid) : u64{0};
}
Result<u64> getpgid(Thread& thread, i32 pid) {
    return static_cast<u64>(TRY(process_or_self(thread, pid))->group_id);
}
Result<u64> setpgid(Thread&, i32 pid, i32 group) {
    if (group < 0 || (group == 0 && pid < 0)) return Errno::einval;  // group 0 means the pid
    if (pid < 0) return Errno::esrch;
    TRY(set_process_group(pid, group));
    return u64{0};
}
Result<u64> getpgrp(Thread& thread) {
    return static_cast<u64>(thread.process->group_id);
}
Result<u64> getsid(Thread& thread, i32 pid) {
    auto process = TRY(process_or_self(thread, pid));
    LockGuard guard(tasks().mutex);
    return process->session ? static_cast<u64>(process->session->id) : u64{0};
}
Result<u64> setsid(Thread&) {
    return static_cast<u64>(TRY(create_session()));
}

Result<u64> getuid(Thread& thread) {
    return u64{thread.credentials->uid};
}
Result<u64> geteuid(Thread& thread) {
    return u64{thread.credentials->euid};
}
Result<u64> getgid(Thread& thread) {
    return u64{thread.credentials->gid};
}
Result<u64> getegid(Thread& thread) {
    return u64{thread.credentials->egid};
}

Result<u64> setuid(Thread& thread, u32 uid) {
    return change_credentials(thread, [&](Credentials& who) -> Result<void> {
        const Credentials& before = *thread.credentials;
        if (uid == unchanged) return Errno::einval;
        if (before.capable(cap_setuid))
            who.uid = who.euid = who.suid = uid;
        else if (uid == before.uid || uid == before.suid)
            who.euid = uid;
        else
            return Errno::eperm;
        who.fsuid = who.euid;
        adjust_capabilities(who, before);
        return {};
    });
}

Result<u64> setgid(Thread& thread, u32 gid) {
    return change_credentials(thread, [&](Credentials& who) -> Result<void> {
        const Credentials& before = *thread.credentials;
        if (gid == unchanged) return Errno::einval;
        if (before.capable(cap_setgid))
            who.gid = who.egid = who.sgid = gid;
        else if (gid == before.gid || gid == before.sgid)
            who.egid = gid;
        else
            return Errno::eperm;
        who.fsgid = who.egid;
        return {};
    });
}

Result<u64> setreuid(Thread& thread, u32 ruid, u32 euid) {
    return change_credentials(thread, [&](Credentials& who) -> Result<void> {
        const Credentials& before = *thread.credentials;
        if (!allowed(before, cap_setuid, ruid, before.uid, before.euid, before.uid)) return Errno::eperm;
        if (!allowed(before, cap_setuid, euid, before.uid, before.euid, before.suid)) return Errno::eperm;
        if (ruid != unchanged) who.uid = ruid;
        if (euid != unchanged) who.euid = euid;
        if (ruid != unchanged || (euid != unchanged && euid != before.uid)) who.suid = who.euid;
        who.fsuid = who.euid;
        adjust_capabilities(who, before);
        return {};
    });
}

Result<u64> setregid(Thread& thread, u32 rgid, u32 egid) {
    return change_credentials(thread, [&](Credentials& who) -> Result<void> {
        const Credentials& before = *thread.credentials;
        if (!allowed(before, cap_setgid, rgid, before.gid, before.egid, before.gid)) return Errno::eperm;
        if (!allowed(before, cap_setgid, egid, before.gid, before.egid, before.sgid)) return Errno::eperm;
        if (rgid != unchanged) who.gid = rgid;
        if (egid != unchanged) who.egid = egid;
        if (rgid != unchanged || (egid != unchanged && egid != before.gid)) who.sgid = who.egid;
        who.fsgid = who.egid;
        return {};
    });
}

Result<u64> setresuid(Thread& thread, u32 ruid, u32 euid, u32 suid) {
    return change_credentials(thread, [&](Credentials& who) -> Result<void> {
        const Credentials& before = *thread.credentials;
        for (u32 wanted : {ruid, euid, suid})
            if (!allowed(before, cap_setuid, wanted, before.uid, before.euid, before.suid))
                return Errno::eperm;
        if (ruid != unchanged) who.uid = ruid;
        if (euid != unchanged) who.euid = euid;
        if (suid != unchanged) who.suid = suid;
        who.fsuid = who.euid;
        adjust_capabilities(who, before);
        return {};
    });
}

Result<u64> setresgid(Thread& thread, u32 rgid, u32 egid, u32 sgid) {
    return change_credentials(thread, [&](Credentials& who) -> Result<void> {
        const Credentials& before = *thread.credentials;
        for (u32 wanted : {rgid, egid, sgid})
            if (!allowed(before, cap_setgid, wanted, before.gid, before.egid, before.sgid))
                return Errno::eperm;
        if (rgid != unchanged) who.gid = rgid;
        if (egid != unchanged) who.egid = egid;
        if (sgid != unchanged) who.sgid = sgid;
        who.fsgid = who.egid;
        return {};
    });
}

Result<u64> getresuid(Thread& thread, UserPtr<u32> ruid, UserPtr<u32> euid, UserPtr<u32> suid) {
    TRY(ruid.write(thread.credentials->uid));
    TRY(euid.write(thread.credentials->euid));
    TRY(suid.write(thread.credentials->suid));
    return u64{0};
}

Result<u64> getresgid(Thread& thread, UserPtr<u32> rgid, UserPtr<u32> egid, UserPtr<u32> sgid) {
    TRY(rgid.write(thread.credentials->gid));
    TRY(egid.write(thread.credentials->egid));
    TRY(sgid.write(thread.credentials->sgid));
    return u64{0};
}

Result<u64> setfsuid(Thread& thread, u32 uid) {
    const Credentials& who = *thread.credentials;
    u32 before = who.fsuid;
    if (uid != unchanged && allowed(who, cap_setuid, uid, who.uid, who.euid, who.suid))
        TRY(change_credentials(thread, [&](Credentials& fresh) -> Result<void> {
            fresh.fsuid = uid;
            return {};
        }));
    return u64{before};
}

Result<u64> setfsgid(Thread& thread, u32 gid) {
    const Credentials& who = *thread.credentials;
    u32 before = who.fsgid;
    if (gid != unchanged && allowed(who, cap_setgid, gid, who.gid, who.egid, who.sgid))
        TRY(change_credentials(thread, [&](Credentials& fresh) -> Result<void> {
            fresh.fsgid = gid;
            return {};
        }));
    return u64{before};
}

Result<u64> getgroups(Thread& thread, int count, UserPtr<u32> groups) {
    const auto& own = thread.credentials->groups;
    if (count < 0) return Errno::einval;
    if (count == 0) return own.size();
    if (static_cast<usize>(count) < own.size()) return Errno::einval;
    TRY(groups.write_array({own.data(), own.size()}));
    return own.size();
}

Result<u64> setgroups(Thread& thread, int count, UserPtr<const u32> groups) {
    constexpr int most_groups = 65536;
    if (!thread.credentials->capable(cap_setgid)) return Errno::eperm;
    if (count < 0 || count > most_groups) return Errno::einval;
    return change_credentials(thread, [&](Credentials& who) -> Result<void> {
        who.groups.clear();
        TRY(who.groups.resize(static_cast<usize>(count)));
        TRY(groups.read_array({who.groups.data(), who.groups.size()}));
        // getgroups gives them in order, as Linux keeps them.
        for (usize i = 1; i < who.groups.size(); i++)
            for (usize k = i; k > 0 && who.groups[k] < who.groups[k - 1]; k--)
                std::swap(who.groups[k], who.groups[k - 1]);
        return Result<void>();
    });
}

namespace {

struct CapabilityHeader {
    u32 version;
    i32 pid;
};
struct CapabilityWords {
    u32 effective, permitted, inheritable;
};
constexpr u32 version_1 = 0x19980330, version_2 = 0x20071026, version_3 = 0x20080522;

/// How many 32-bit sets the version has; writes the preferred version when it is unknown.
Result<usize> capability_sets(u64 header, CapabilityHeader& out) {
    out = TRY(UserPtr<const CapabilityHeader>(header).read());
    if (out.version == version_1) return usize{1};
    if (out.version == version_2 || out.version == version_3) return usize{2};
    TRY(UserPtr<u32>(header).write(version_3));
    return Errno::einval;
}

}  // namespace

Result<u64> capget(Thread& thread, u64 header_at, u64 data) {
    CapabilityHeader header;
    auto sets = capability_sets(header_at, header);
    if (!sets.ok()) return data == 0 && sets.error() == Errno::einval ? Result<u64>(u64{0}) : sets.error();
    if (header.pid < 0) return Errno::einval;
    Ref<Thread> target = header.pid == 0 ? Ref<Thread>(&thread) : tasks().find_thread(header.pid);
    if (!target) return Errno::esrch;
    if (data == 0) return u64{0};
    Ref<Credentials> who;
    {
        LockGuard guard(target->process->signal_mutex);
        who = target->credentials;
    }
    for (usize i = 0; i < sets.value(); i++) {
        unsigned shift = static_cast<unsigned>(32 * i);
        CapabilityWords words{static_cast<u32>(who->effective >> shift),
                              static_cast<u32>(who->permitted >> shift),
                              static_cast<u32>(who->inheritable >> shift)};
        TRY(UserPtr<CapabilityWords>(data).offset(i).write(words));
    }
    return u64{0};
}

Result<u64> capset(Thread& thread, u64 header_at, u64 data) {
    CapabilityHeader header;
    usize sets = TRY(capability_sets(header_at, header));
    if (header.pid != 0 && header.pid != thread.tid) return Errno::eperm;
    u64 effective = 0, permitted = 0, inheritable = 0;
    for (usize i = 0; i < sets; i++) {
        auto words = TRY(UserPtr<const CapabilityWords>(data).offset(i).read());
        effective |= u64{words.effective} << 32 * i;
        permitted |= u64{words.permitted} << 32 * i;
        inheritable |= u64{words.inheritable} << 32 * i;
    }
    return change_credentials(thread, [&](Credentials& who) -> Result<void> {
        permitted &= all_capabilities;
        if ((permitted & ~who.permitted) != 0 || (effective & ~permitted) != 0) return Errno::eperm;
        if ((inheritable & ~(who.inheritable | who.permitted | who.bounding)) != 0) return Errno::eperm;
        who.permitted = permitted;
        who.effective = effective;
        who.inheritable = inheritable & all_capabilities;
        who.ambient &= permitted & who.inheritable;
        return {};
    });
}

Result<u64> personality(Thread& thread, u32 value) {
    u32 before = thread.process->personality;
    if (value != ~u32{0}) thread.process->personality = value;
    return u64{before};
}

Result<u64> uname(Thread&, u64 buffer) {
    struct Names {
        char system[65], node[65], release[65], version[65], machine[65], domain[65];
    };
    Names names{};
    auto put = [](char(&field)[65], string_view text) {
        memcpy(field, text.data(), min(text.size(), sizeof(field) - 1));
    };
    put(names.system, "Linux"sv);
    put(names.node, kernel().host_name.view());
    put(names.release, "6.1.0-litebox"sv);
    put(names.version, "#1 SMP PREEMPT_DYNAMIC LiteBox"sv);
    put(names.machine, "x86_64"sv);
    put(names.domain, kernel().domain_name.empty() ? "(none)"sv : kernel().domain_name.view());
    TRY(UserPtr<Names>(buffer).write(names));
    return u64{0};
}

namespace {
Result<u64> set_name(Thread& thread, u64 name, usize length, String& target) {
    constexpr usize longest = 64;
    char text[longest];
    if (!thread.credentials->capable(cap_sys_admin)) return Errno::eperm;
    if (length > longest) return Errno::einval;
    TRY(copy_from_user(text, name, length));
    target = TRY(String::from({text, length}));
    return u64{0};
}
}  // namespace

Result<u64> sethostname(Thread& thread, u64 name, usize length) {
    return set_name(thread, name, length, kernel().host_name);
}
Result<u64> setdomainname(Thread& thread, u64 name, usize length) {
    return set_name(thread, name, length, kernel().domain_name);
}

Result<u64> getrandom(Thread&, u64 buffer, usize length, u32 flags) {
    constexpr u32 known = 7, insecure_and_random = 6;
    if ((flags & ~known) != 0 || (flags & insecure_and_random) == insecure_and_random) return Errno::einval;
    length = min<usize>(length, 0x7ffff000);
    u8 bytes[256];
    usize done = 0;
    while (done < length) {
        usize part = min(length - done, sizeof(bytes));
        platform::fill_entropy({bytes, part});
        auto copied = copy_to_user(buffer + done, bytes, part);
        if (!copied.ok()) return done > 0 ? Result<u64>(u64{done}) : Result<u64>(copied.error());
        done += part;
        if ((current_thread()->work.load() & (work_signal | work_exit)) != 0 && done < length)
            return u64{done};
    }
    return u64{done};
}

Result<u64> arch_prctl(Thread&, int option, u64 address) {
    constexpr int set_gs = 0x1001, set_fs = 0x1002, get_fs = 0x1003, get_gs = 0x1004, get_cpuid = 0x1011,
                  set_cpuid = 0x1012, get_supported = 0x1021, get_permitted = 0x1022;
    constexpr u64 end = 0x7ffffffff000;
    switch (option) {
        case set_fs:
            if (address >= end) return Errno::eperm;
            platform::set_fs_base(address);
            return u64{0};
        case get_fs:
            TRY(UserPtr<u64>(address).write(platform::fs_base()));
            return u64{0};
        case set_gs:
            return address == 0 ? Result<u64>(u64{0}) : Errno::eperm;  // %gs is the library OS's
        case get_gs:
            TRY(UserPtr<u64>(address).write(0));
            return u64{0};
        case get_cpuid:
            return u64{1};
        case set_cpuid:
            return Errno::enodev;
        case get_supported:
        case get_permitted:
            TRY(UserPtr<u64>(address).write(arch::enabled_features()));
            return u64{0};
        default:
            return Errno::einval;
    }
}

}  // namespace litebox::sys
