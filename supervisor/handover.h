// The message with which the supervisor hands descriptors to the child that becomes the opener, and where
// they go. Usable on both sides: nothing here needs the C library.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstddef>

#include "platform/process/abi/start_block.h"

namespace litebox::supervisor {

constexpr int image_at = 32, child_end_at = 33;  // until exec
/// A number of them, in this order.
inline constexpr int handover_places[] = {process::arena_descriptor, process::block_descriptor,
                                          process::rings_descriptor, process::pid_one_descriptor,
                                          process::text_descriptor,  image_at};
inline constexpr size_t handed_over = sizeof(handover_places) / sizeof(int);

/// One byte with the descriptors.
class Handover {
  public:
    Handover() {
        control_.length = sizeof(control_);
        control_.level = SOL_SOCKET;
        control_.type = SCM_RIGHTS;
        for (int& descriptor : control_.descriptors) descriptor = -1;
        message_.msg_name = nullptr;
        message_.msg_namelen = 0;
        message_.msg_iov = &bytes_;
        message_.msg_iovlen = 1;
        message_.msg_control = &control_;
        message_.msg_controllen = sizeof(control_);
        message_.msg_flags = 0;
    }
    msghdr* message() { return &message_; }
    int (&descriptors())[handed_over] { return control_.descriptors; }
    /// As received: all of them, and nothing else.
    [[nodiscard]] bool complete() const {
        return message_.msg_controllen == sizeof(control_) && control_.length == sizeof(control_) &&
               control_.level == SOL_SOCKET && control_.type == SCM_RIGHTS;
    }

  private:
    /// cmsghdr with its data.
    struct Control {
        size_t length;
        int level, type;
        int descriptors[handed_over];
    };
    static_assert(sizeof(Control) == CMSG_LEN(sizeof(int[handed_over])) &&
                  offsetof(Control, type) == offsetof(cmsghdr, cmsg_type));
    Control control_;
    char byte_ = 'd';
    iovec bytes_{&byte_, 1};
    msghdr message_;
};

}  // namespace litebox::supervisor
