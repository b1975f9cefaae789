// The control channel's life in the kernel: who reads it, what news do, the last words.
#include "platform/vm/host/control.h"

#include "platform/vm/boot/serial.h"
#include "platform/vm/device/kernel/devices.h"
#include "platform/vm/host/host_side.h"
#include "platform/vm/machine.h"
#include "platform/vm/text_line.h"

namespace litebox::vm {

namespace {

/// The program's output may be held up by a terminal that somebody has stopped; a reason is in the serial log
/// too.
constexpr u64 reader_patience = u64{120} * 1000000000, last_words_patience = u64{3} * 1000000000;

/// What the host side has for the program. On the reading thread, which is no thread of the program.
void deliver_news(ControlChannel& control) {
    Kernel* kernel = machine().kernel.load(std::memory_order_acquire);
    if (kernel == nullptr) return;
    set_kernel(kernel);
    u32 signals = control.take_signals();
    for (int signal = 1; signal < 32; signal++)
        if ((signals >> signal & 1) != 0) upcall::host_signal(signal);
    upcall::stream_ready();
}

[[noreturn]] void read_control(void* control) {
    for (;;) static_cast<ControlChannel*>(control)->serve_once();
}

/// The control port where there must be one; else the plain console.
void open_console(HostSide& host, ConsoleDevice& console) {
    constexpr u64 sure = u64{30} * 1000000000, likely_not = u64{50} * 1000000;
    bool framed = console.open_port(control_port_name, host.has_module ? sure : likely_not).ok();
    if (!framed && host.has_module)
        platform::panic("the machine has no console port litebox.control, which its boot module calls for");
    if (!framed && !console.open_plain().ok()) return;
    if (!framed) host.parameters.terminal.streams = 7;
    host.control.begin(console, framed, deliver_news);
    if (!start_kernel_thread(read_control, &host.control, "control").ok())
        platform::panic("no memory for the thread that reads the control port");
}

void mix_entropy(HostSide& host, EntropyDevice& device) {
    u8 bytes[EntropyDevice::most_bytes];
    usize length = device.collect(bytes);
    host.entropy.mix({bytes, length});
}

}  // namespace

void write_serial(std::span<const u8> bytes) {
    serial_write({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

void start_host_side() {
    HostSide& host = host_side();
    Devices& devices = *machine().devices;
    if (devices.console != nullptr)
        open_console(host, *devices.console);
    else if (host.has_module)
        platform::panic("the machine has no virtio console, which its boot module calls for");
    if (devices.view != nullptr) {
        host.files.begin(devices.view->client(), host.parameters.grants, host.parameters.owners);
        host.files.learn_grants(host.parameters.grants);
    }
    if (devices.entropy != nullptr) mix_entropy(host, *devices.entropy);
}

void say_stopped(int status) {
    ControlChannel* control = machine().host != nullptr ? &machine().host->control : nullptr;
    u32 value = static_cast<u32>(status);
    if (control != nullptr && control->begun() && control->framed())
        return control->tell_last(ToHost::stopped, {reinterpret_cast<const u8*>(&value), sizeof(value)},
                                  reader_patience);
    TextLine line;
    line.text("litebox: the program ended with wait status ").decimal(value).text("\n");
    serial_write(line.view());
}

void say_broken(std::string_view reason) {
    ControlChannel* control = machine().host != nullptr ? &machine().host->control : nullptr;
    if (control == nullptr || !control->begun()) return;
    control->tell_last(ToHost::broken, {reinterpret_cast<const u8*>(reason.data()), reason.size()},
                       last_words_patience);
}

}  // namespace litebox::vm
