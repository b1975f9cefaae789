#include "platform/process/state.h"

namespace litebox::platform {

void fill_entropy(std::span<u8> out) {
    process::sandbox().entropy.fill(out);
}

}  // namespace litebox::platform
