#include "platform/process/state.h"

namespace litebox::platform {

u32 processor_count() {
    return process::sandbox().processors;
}

u32 current_processor() {
    u32 processor;
    asm volatile("rdtscp" : "=c"(processor) : : "eax", "edx");
    return processor & 0xfff;  // Linux keeps the node above
}

const BootParameters& boot_parameters() {
    return *process::sandbox().parameters;
}

}  // namespace litebox::platform
