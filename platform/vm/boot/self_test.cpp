#include "platform/vm/boot/self_test.h"

#include "platform/frame_device.h"
#include "platform/vm/boot/load_address.h"
#include "platform/vm/boot/serial.h"
#include "platform/vm/boot/stop.h"
#include "platform/vm/cpu/processors.h"
#include "platform/vm/machine.h"
#include "platform/vm/text_line.h"

namespace litebox::vm {

namespace {

constexpr u8 return_instruction = 0xc3;
constexpr u64 guest_page = 0x10000000;

void call(const void* code) {
    asm volatile("call *%0" : : "r"(code) : "memory");
}

void write_byte(u64 address) {
    *reinterpret_cast<volatile u8*>(address) = return_instruction;
}
void read_byte(u64 address) {
    (void)*reinterpret_cast<const volatile u8*>(address);
}

/// A page of the guest's, with a return instruction in it.
void map_guest_page() {
    constexpr u8 all = platform::prot_read | platform::prot_write | platform::prot_execute;
    (void)platform::map_anonymous(guest_page, page_size, all);
    (void)platform::copy_out(guest_page, &return_instruction, 1);
}

void execute_data() {
    call(&machine());
}
void execute_direct_map() {
    auto frame = frames().allocate_zeroed(FrameUse::kernel);
    if (frame.ok()) call(direct(frame.value()));
}
void execute_page_region() {
    platform::PageRegion region = platform::page_region();
    u8* page = region.base + region.length - page_size;
    *page = return_instruction;
    call(page);
}
void execute_guest_page() {
    map_guest_page();
    call(reinterpret_cast<const void*>(guest_page));
}
void read_guest_page() {
    map_guest_page();
    read_byte(guest_page);
}
void write_code() {
    write_byte(reinterpret_cast<u64>(run_self_test));
}
void write_constant() {
    static constexpr char constant[] = "cannot be written";
    write_byte(reinterpret_cast<u64>(constant));
}
/// The image has no second, writable address.
void write_code_by_direct_map() {
    write_byte(reinterpret_cast<u64>(direct(LITEBOX_LOAD_ADDRESS)));
}
void touch_page_zero() {
    read_byte(0);
}

/// Goes down until the stack's guard page ends it.
void overflow_stack() {
    asm volatile("1: push %%rax; jmp 1b" : : : "memory");
}

/// Writes past an array, over the stack protector's word.
__attribute__((noinline)) void smash_stack() {
    u8 room[16];
    usize length = 64;
    asm volatile("rep stosb" : "+c"(length) : "D"(room), "a"(0x41) : "memory");
}

void tell_layout() {
    auto stack = allocate_stack();
    TextLine line;
    line.text("litebox: image ").hex(image_base()).text(" direct ").hex(reinterpret_cast<u64>(direct(0)));
    line.text(" region ").hex(reinterpret_cast<u64>(platform::page_region().base));
    line.text(" stacks ").hex(stack.ok() ? reinterpret_cast<u64>(stack.value()) : 0);
    line.text(" canary ").hex(machine().canary).text("\n");
    serial_write(line.view());
}

void tell_network(const platform::FrameDevice& device) {
    TextLine line;
    line.text("litebox: network");
    for (u8 byte : device.address) line.text(" ").hex(byte);
    auto up = platform::frame_link_up(0);
    line.text(" mtu ").decimal(device.mtu).text(up.ok() && up.value() ? " up\n" : " down\n");
    serial_write(line.view());
}

/// Sends each frame back to where it came from, until one of the second experimental type (IEEE 802, 9.2.4)
/// comes.
void echo_frames() {
    constexpr u64 patience = u64{60} * 1000000000;
    constexpr usize type_at = 2 * platform::frame_address;
    constexpr u8 end_type[] = {0x88, 0xb6};
    auto found = platform::frame_device(0);
    if (!found.ok()) stop_before_start("the machine has no network device");
    tell_network(found.value());
    auto page = frames().allocate(0, FrameUse::kernel);
    if (!page.ok()) stop_before_start("there is no memory for a frame");
    auto* frame = static_cast<u8*>(direct(page.value()));
    for (;;) {
        auto length = platform::frame_receive(0, {frame, page_size}, platform::monotonic_ns() + patience);
        if (!length.ok()) stop_before_start("no frame came");
        if (__builtin_memcmp(frame + type_at, end_type, sizeof(end_type)) == 0) return;
        __builtin_memcpy(frame, frame + platform::frame_address, platform::frame_address);
        __builtin_memcpy(frame + platform::frame_address, found.value().address, platform::frame_address);
        if (!platform::frame_send(0, {frame, length.value()}).ok())
            stop_before_start("a frame could not be sent");
    }
}

struct SelfTest {
    std::string_view name;
    void (*run)();
    SelfTestStage stage = SelfTestStage::processor;
};
constexpr SelfTest tests[] = {
    {"execute_data", execute_data},
    {"execute_direct_map", execute_direct_map},
    {"execute_page_region", execute_page_region},
    {"execute_guest_page", execute_guest_page},
    {"read_guest_page", read_guest_page},
    {"write_code", write_code},
    {"write_constant", write_constant},
    {"write_code_by_direct_map", write_code_by_direct_map},
    {"touch_page_zero", touch_page_zero},
    {"overflow_stack", overflow_stack},
    {"smash_stack", smash_stack},
    {"tell_layout", tell_layout},
    {"echo_frames", echo_frames, SelfTestStage::devices},
};

}  // namespace

void run_self_test(const BootInfo& boot, SelfTestStage stage) {
    std::string_view wanted = boot.option("self_test");
    if (wanted.empty()) return;
    for (const SelfTest& test : tests)
        if (test.name == wanted) {
            if (test.stage != stage) return;
            test.run();
            stop_before_start("the self test came through");
        }
    stop_before_start("there is no self test of this name");
}

}  // namespace litebox::vm
