#include "linux/signal_abi.h"

namespace litebox {

namespace {

struct Writer {
    u8* at;
    template <typename T>
    void put(usize offset, T value) {
        __builtin_memcpy(at + offset, &value, sizeof(value));
    }
};
struct Reader {
    const u8* at;
    template <typename T>
    T get(usize offset) const {
        T value;
        __builtin_memcpy(&value, at + offset, sizeof(value));
        return value;
    }
};

bool is_fault(int signal) {
    return signal == sigsegv || signal == sigbus || signal == sigill || signal == sigfpe || signal == sigtrap;
}

constexpr int timer_code = -2;
constexpr int last_poll_code = 6;  // POLL_HUP: the codes of signals that tell of descriptors

}  // namespace

AbiSiginfo to_abi(const SignalInfo& info) {
    AbiSiginfo abi{};
    abi.signal = info.signal;
    abi.error = info.error;
    abi.code = info.code;
    Writer fields{abi.fields};
    if (info.code == timer_code) {
        fields.put(0, info.timer_id);
        fields.put(4, info.overrun);
        fields.put(8, info.value);
    } else if (info.code > 0 && info.code != 0x80 && is_fault(info.signal)) {
        fields.put(0, info.address);
    } else if (info.signal == sigsys && info.code > 0) {
        fields.put(0, info.call_address);
        fields.put(8, info.call_number);
        fields.put(12, info.architecture);
    } else if (info.code > 0 && info.code <= last_poll_code && info.signal != sigchld) {
        fields.put(0, static_cast<i64>(info.band));
        fields.put(8, info.descriptor);
    } else {
        fields.put(0, info.pid);
        fields.put(4, info.uid);
        if (info.signal == sigchld && info.code > 0) {
            fields.put(8, info.status);
            fields.put(16, info.user_time);
            fields.put(24, info.system_time);
        } else {
            fields.put(8, info.value);
        }
    }
    return abi;
}

SignalInfo from_abi(const AbiSiginfo& abi) {
    // What a process queues itself: pid, uid and value are all that travels.
    SignalInfo info;
    info.signal = abi.signal;
    info.error = abi.error;
    info.code = abi.code;
    Reader fields{abi.fields};
    info.pid = fields.get<i32>(0);
    info.uid = fields.get<u32>(4);
    info.value = fields.get<u64>(8);
    return info;
}

}  // namespace litebox
