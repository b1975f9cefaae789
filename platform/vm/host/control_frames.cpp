#include "platform/vm/host/control_frames.h"

namespace litebox::vm {

Result<void> ControlReader::begin_frame() {
    ControlHeader header;
    __builtin_memcpy(&header, header_, sizeof(header));
    kind_ = static_cast<ToKernel>(header.kind);
    u32 most = short_frame, least = short_frame;
    switch (kind_) {
        case ToKernel::input:
            least = 1;
            most = longest_control_frame;
            break;
        case ToKernel::input_end:
        case ToKernel::readable:
            least = most = 0;
            break;
        case ToKernel::raw_active:
        case ToKernel::window:
        case ToKernel::signal:
        case ToKernel::closed:
            break;
        default:
            return Errno::eio;
    }
    if (header.length < least || header.length > most) return Errno::eio;
    left_ = header.length;
    value_length_ = 0;
    return {};
}

void ControlReader::end_frame() {
    u32 value = 0;
    if (value_length_ == sizeof(value)) __builtin_memcpy(&value, value_, sizeof(value));
    header_length_ = 0;
    sink_.frame(kind_, value);
}

Result<void> ControlReader::feed(std::span<const u8> bytes) {
    while (!bytes.empty() && !failed_) {
        if (header_length_ < sizeof(header_)) {
            header_[header_length_++] = bytes[0];
            bytes = bytes.subspan(1);
            if (header_length_ < sizeof(header_)) continue;
            failed_ = !begin_frame().ok();
        } else {
            usize part = min<usize>(left_, bytes.size());
            if (kind_ == ToKernel::input)
                sink_.input(bytes.first(part));
            else
                for (u8 byte : bytes.first(part)) value_[value_length_++] = byte;
            bytes = bytes.subspan(part);
            left_ -= static_cast<u32>(part);
        }
        if (!failed_ && left_ == 0) end_frame();
    }
    if (failed_) return Errno::eio;
    return {};
}

}  // namespace litebox::vm
