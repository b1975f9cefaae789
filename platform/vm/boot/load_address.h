// The physical address at which loaders put the kernel; its first byte is the entry. Also read by assembly
// and the linker script.
#pragma once

#define LITEBOX_LOAD_ADDRESS 0x100000
