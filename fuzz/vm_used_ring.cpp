// A device that writes what it likes into the used ring, the descriptors and the available ring. The driver
// gets back only chains that the device had, with no more bytes than they have room for, or the machine
// stops.
#include <cstdio>

#include "fuzz/input.h"
#include "tests/unit/vm/device/simulated_device.h"

using namespace litebox;
using namespace litebox::vm;

namespace {

struct Driver {
    SimulatedDevice simulated{DeviceKind::entropy};
    VirtioDevice device;
    RequestQueue queue;
    SharedFrames& frames;
    std::map<u16, u32> in_flight;  // and their room

    explicit Driver(SharedFrames& memory) : frames(memory) {
        simulated.most_entries = 8;
        simulated.looks = false;
        FUZZ_CHECK(device.begin(simulated, "fuzzed", 0).ok() && queue.begin(device, 0).ok() &&
                   device.start().ok());
    }
    void submit(u32 room) {
        SharedRange parts[] = {frames.to_device(0, 8), frames.from_device(page_size, room)};
        auto chain = queue.submit(parts);
        if (!chain.ok()) return;
        FUZZ_CHECK(!in_flight.contains(chain.value()));
        in_flight[chain.value()] = room;
    }
    void collect() {
        VirtioDevice::interrupt(&device);
        for (auto at = in_flight.begin(); at != in_flight.end();) {
            u32 written = 0;
            bool done = queue.collect(at->first, &written);
            FUZZ_CHECK(!done || written <= at->second);
            at = done ? in_flight.erase(at) : std::next(at);
        }
    }
    void step(fuzz::Input& input) {
        SimulatedDevice::Memory memory = simulated.memory(0);
        switch (input.take<u8>() % 6) {
            case 0:
                return submit(input.take<u16>() % page_size);
            case 1:
                return simulated.use(0, input.take<u8>() % 10, input.take<u16>() % 5000);
            case 2:
                return simulated.set_used_index(0, input.take<u16>());
            case 3:
                return simulated.write_used(0, input.take<u8>() % 8, input.take<u32>(), input.take<u32>());
            case 4: {
                u8* at = memory.descriptors + input.take<u16>() % (8 * 16);
                *at = input.take<u8>();
                return;
            }
            default:
                return collect();
        }
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, usize size) {
    // Whatever an input leaves behind would have the whole heap searched for leaks after it.
    struct Release {
        ~Release() { release_shared_memory(); }
    } release;
    SharedFrames frames = SharedFrames::allocate(1).value();
    fuzz::Input input(data, size);
    Driver driver(frames);
    try {
        while (!input.empty()) driver.step(input);
    } catch (const MachineStopped&) {
        FUZZ_CHECK(driver.queue.broken());
    }
    return 0;
}
