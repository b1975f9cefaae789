// A 9P server that answers whatever the fuzzer says, with frames that are right often enough to get behind
// them.
#include <cstdio>

#include "fuzz/input.h"
#include "platform/vm/device/nine_p_device.h"
#include "tests/unit/vm/device/simulated_device.h"

using namespace litebox;
using namespace litebox::vm;

namespace {

std::vector<u8> answer(const std::vector<u8>& request, fuzz::Input& input) {
    std::span<const u8> fields = input.bytes(input.take<u16>() % 600);
    std::vector<u8> whole(nine_p_header + fields.size());
    u32 size = static_cast<u32>(whole.size());
    std::copy(fields.begin(), fields.end(), whole.begin() + nine_p_header);
    std::memcpy(whole.data(), &size, sizeof(size));
    whole[4] = static_cast<u8>(request[4] + 1);
    std::copy(request.begin() + 5, request.begin() + 7, whole.begin() + 5);
    for (u8 count = input.take<u8>() % 8; count > 5; count--)
        whole[input.take<u16>() % nine_p_header] = input.take<u8>();
    return whole;
}

void use_client(NinePClient& client, fuzz::Input& input) {
    std::string_view names[] = {"a", "b", "c"};
    std::vector<u8> bytes(input.take<u16>());
    char text[64];
    u64 length = 0;
    Qid last{};
    switch (input.take<u8>() % 8) {
        case 0: {
            auto fid = client.walk(0, {names, input.take<u8>() % 4u}, &last);
            FUZZ_CHECK(!fid.ok() || fid.value().number() < NinePClient::most_fids);
            return;
        }
        case 1: {
            auto told = client.attributes(0);
            FUZZ_CHECK(!told.ok() || told.value().size >> 63 == 0);
            return;
        }
        case 2: {
            auto count = client.read(0, 0, bytes);
            FUZZ_CHECK(!count.ok() || count.value() <= bytes.size());
            return;
        }
        case 3: {
            auto count = client.write(0, 0, bytes);
            FUZZ_CHECK(!count.ok() || count.value() <= bytes.size());
            return;
        }
        case 4:
            (void)client.read_link(0, text);
            return;
        case 5:
            (void)client.read_directory(
                0, 0, bytes.size(),
                [](void*, const NinePClient::Entry& entry) {
                    FUZZ_CHECK(!entry.name.empty() && entry.name.size() <= 255);
                    return true;
                },
                nullptr);
            return;
        case 6:
            (void)client.open_attribute(0, "user.x", &length);
            return;
        default:
            (void)client.space(0);
            (void)client.lock(0, 0, 0, 0);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, usize size) {
    fuzz::Input input(data, size);
    static SimulatedDevice* simulated = nullptr;
    static NinePDevice* device = nullptr;
    static const std::vector<u8> version = {0, 0, 1, 0, 8, 0, '9', 'P', '2', '0', '0', '0', '.', 'L'};
    auto serve = [&](const std::function<std::vector<u8>(const std::vector<u8>&)>& make) {
        simulated->on_chain = [make](u16 queue, SimulatedDevice::Chain chain) {
            simulated->use(queue, chain.id, chain.answer(make(chain.sent())));
        };
    };
    if (device == nullptr) {
        simulated = new SimulatedDevice(DeviceKind::nine_p);
        simulated->features |= 1;
        simulated->configuration = {4, 0, 'v', 'i', 'e', 'w'};
        device = new NinePDevice;
        serve([](const std::vector<u8>& request) {
            std::vector<u8> fields =
                request[4] == static_cast<u8>(NineP::version) ? version : std::vector<u8>(13, Qid::directory);
            std::vector<u8> whole(nine_p_header + fields.size());
            u32 all = static_cast<u32>(whole.size());
            std::memcpy(whole.data(), &all, sizeof(all));
            whole[4] = static_cast<u8>(request[4] + 1);
            std::copy(request.begin() + 5, request.begin() + 7, whole.begin() + 5);
            std::copy(fields.begin(), fields.end(), whole.begin() + nine_p_header);
            return whole;
        });
        FUZZ_CHECK(device->begin(*simulated).ok());
    }
    serve([&](const std::vector<u8>& request) { return answer(request, input); });
    while (!input.empty()) use_client(device->client(), input);
    return 0;
}
