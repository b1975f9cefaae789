#include "platform/vm/device/discovery.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace litebox::vm {
namespace {

std::vector<std::string> words(std::string_view line) {
    std::vector<std::string> all;
    CommandLine reader(line);
    CommandLine::Word word;
    while (reader.next(word)) all.emplace_back(word.text);
    return all;
}

TEST(Discovery, WordsAreSplitAtBlanksOutsideQuotes) {
    EXPECT_EQ(words("  a b=c\td  "), (std::vector<std::string>{"a", "b=c", "d"}));
    EXPECT_EQ(words("\"a b\" c"), (std::vector<std::string>{"a b", "c"}));
    EXPECT_EQ(words("\"never closed"), (std::vector<std::string>{"\"never closed"}));
    CommandLine reader("name=\"a b=c\"");
    CommandLine::Word word;
    ASSERT_TRUE(reader.next(word));
    EXPECT_EQ(word.name, "name");
    EXPECT_EQ(word.value, "a b=c");
}

TEST(Discovery, WindowsAsMonitorsWriteThem) {
    DeviceWindow qemu = parse_window("512@0xfeb00e00:12").value();
    EXPECT_EQ(qemu.address, 0xfeb00e00u);
    EXPECT_EQ(qemu.length, 512u);
    EXPECT_EQ(qemu.line, 12u);
    DeviceWindow firecracker = parse_window("4K@0xd0001000:6").value();
    EXPECT_EQ(firecracker.length, 4096u);
    EXPECT_EQ(firecracker.line, 6u);
    EXPECT_TRUE(parse_window("0x200@4273995776:5:0").ok());
}

TEST(Discovery, WhatIsNoWindowIsRefused) {
    for (const char* bad :
         {"", "512", "512@", "512@0xfeb00e00", "512@0xfeb00e00:", "512@0xfeb00e00:5x", "511@0xfeb00e00:5",
          "512@0xfeb00e01:5", "2M@0xfeb00000:5", "512@0xfffffffffffffff8:5", "512@0x1ffffffffffffffff:5",
          "512@0xfeb00e00:256", "-512@0xfeb00e00:5", "512@0xfeb00e00:5:", "99999999999999999999@1:5",
          "0x@0x0:1", "18446744073709551615G@0:1"})
        EXPECT_EQ(parse_window(bad).error(), Errno::einval) << bad;
}

TEST(Discovery, AllWindowsOfACommandLine) {
    DeviceWindow found[most_windows];
    EXPECT_EQ(
        find_windows(
            "console=x virtio_mmio.device=512@0xfeb00e00:12 virtio_mmio.device=512@0xfeb00c00:11 -- a", found)
            .value(),
        2u);
    EXPECT_EQ(found[1].address, 0xfeb00c00u);
    EXPECT_EQ(find_windows("nothing", found).value(), 0u);
    EXPECT_EQ(find_windows("virtio_mmio.device=nonsense", found).error(), Errno::einval);
    std::string many;
    for (usize i = 0; i <= most_windows; i++) many += " virtio_mmio.device=512@0xfeb00e00:12";
    EXPECT_EQ(find_windows(many, found).error(), Errno::e2big);
}

}  // namespace
}  // namespace litebox::vm
