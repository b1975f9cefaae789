#include "platform/vm/boot/serial.h"

#include "platform/vm/host_io.h"

namespace litebox::vm {

namespace {

constexpr u16 data_port = 0x3f8, status_port = 0x3fd;
constexpr u8 ready = 0x20;
constexpr usize fifo_size = 16;

void wait_until_ready() {
    constexpr int looks = 100000;
    for (int i = 0; i < looks && (host_io::port_in8(status_port) & ready) == 0; i++) asm volatile("pause");
}

}  // namespace

void serial_write(std::string_view text) {
    while (!text.empty()) {
        usize part = text.size() < fifo_size ? text.size() : fifo_size;
        wait_until_ready();
        host_io::port_out_string(data_port, text.data(), part);
        text.remove_prefix(part);
    }
}

}  // namespace litebox::vm
