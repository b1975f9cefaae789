#include "core/net/interface.h"

#include "core/base/string.h"
#include "core/memory/user.h"

namespace litebox {

namespace {

enum Request : u32 {
    get_name = 0x8910,
    set_link = 0x8911,
    get_list = 0x8912,
    get_flags = 0x8913,
    set_flags = 0x8914,
    get_address = 0x8915,
    get_destination = 0x8917,
    get_broadcast = 0x8919,
    get_mask = 0x891b,
    get_metric = 0x891d,
    get_mtu = 0x8921,
    get_hardware = 0x8927,
    get_index = 0x8933,
    get_queue_length = 0x8942,
    first_request = 0x8910,
    last_request = 0x8943
};

constexpr u16 flag_up = 1, flag_loopback = 8, flag_running = 0x40, family_inet4 = 2, hardware_loopback = 772;
constexpr i32 loopback_mtu = 65536, queue_length = 1000;

/// struct ifreq.
struct InterfaceRequest {
    char name[16];
    union {
        struct {
            u16 family, port;
            u8 address[4];
        } address;
        u16 flags;
        i32 number;
        u8 bytes[24];
    };
};
static_assert(sizeof(InterfaceRequest) == 40);

void set_address(InterfaceRequest& request, u8 first, u8 last) {
    memset(request.bytes, 0, sizeof(request.bytes));
    request.address.family = family_inet4;
    request.address.address[0] = first;
    request.address.address[3] = last;
}

Result<u64> list(u64 argument) {
    struct List {  // struct ifconf
        i32 length, padding;
        u64 entries;
    };
    auto wanted = TRY(UserPtr<const List>(argument).read());
    if (wanted.entries != 0 && wanted.length >= static_cast<i32>(sizeof(InterfaceRequest))) {
        InterfaceRequest entry{};
        memcpy(entry.name, "lo", 2);
        set_address(entry, 127, 1);
        TRY(UserPtr<InterfaceRequest>(wanted.entries).write(entry));
    } else if (wanted.entries != 0) {
        wanted.length = 0;
    }
    if (wanted.length != 0 || wanted.entries == 0) wanted.length = sizeof(InterfaceRequest);
    TRY(UserPtr<List>(argument).write(wanted));
    return u64{0};
}

}  // namespace

Result<u64> interface_ioctl(u32 command, u64 argument) {
    if (command < first_request || command > last_request) return Errno::enotty;
    if (command == get_list) return list(argument);
    auto request = TRY(UserPtr<const InterfaceRequest>(argument).read());
    request.name[sizeof(request.name) - 1] = '\0';
    if (command == get_name) {
        if (request.number != static_cast<i32>(loopback_index)) return Errno::enodev;
        memset(request.name, 0, sizeof(request.name));
        memcpy(request.name, "lo", 2);
        TRY(UserPtr<InterfaceRequest>(argument).write(request));
        return u64{0};
    }
    if (string_view(request.name) != "lo"sv) return Errno::enodev;
    switch (command) {
        case get_flags:
            request.flags = flag_up | flag_loopback | flag_running;
            break;
        case get_address:
        case get_destination:
            set_address(request, 127, 1);
            break;
        case get_broadcast:
            set_address(request, 0, 0);
            break;
        case get_mask:
            set_address(request, 255, 0);
            break;
        case get_metric:
            request.number = 0;
            break;
        case get_mtu:
            request.number = loopback_mtu;
            break;
        case get_hardware:
            memset(request.bytes, 0, sizeof(request.bytes));
            request.address.family = hardware_loopback;
            break;
        case get_index:
            request.number = static_cast<i32>(loopback_index);
            break;
        case get_queue_length:
            request.number = queue_length;
            break;
        default:
            return Errno::eperm;
    }
    TRY(UserPtr<InterfaceRequest>(argument).write(request));
    return u64{0};
}

}  // namespace litebox
